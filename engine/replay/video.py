"""`python -m engine.replay.video`: record a checkpoint as an MP4 (H.264, yuv420p). Needs no display.

Frames are taken by simulated time, so a video plays at the right speed however slow the machine is. A person uses
`rlrobo replay --video`.
"""

import itertools
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from engine.messages import tell
from engine.protocol.errors import StorageError
from engine.protocol.files import sync_file
from engine.replay.child import open_playback, replay_parser, run_as_child
from engine.replay.playback import AnyStage, Playback
from engine.tasks import make_env

QUALITY = 8
"""imageio-ffmpeg's quality, 0 to 10. Chosen: robots stay sharp, a minute of 640x480 is a few megabytes."""


@dataclass(frozen=True, kw_only=True)
class Film:
    """What to record."""

    width: int = 640
    """Pixels; even, because yuv420p halves them."""
    height: int = 480
    """Pixels; even."""
    fps: int = 30
    """Frames in a second of video."""
    speed: float = 1.0
    """Simulated seconds in a second of video."""
    episodes: int = 1
    """Episodes to play; 0: no limit."""
    max_steps: int = 0
    """Control steps to play; 0: no limit."""


def record(playback: Playback[AnyStage], film: Film, path: Path) -> int:
    """Play and write the video to `path`, whole or not at all; return its number of frames. Raises StorageError."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp.mp4")
    try:
        num_frames = _encode(temporary, film, frames(playback, film))
        sync_file(temporary)
        temporary.replace(path)
    except OSError as err:
        raise StorageError.from_os_error(err, path) from err
    finally:
        temporary.unlink(missing_ok=True)
    return num_frames


def frames(playback: Playback[AnyStage], film: Film) -> Iterator[np.ndarray]:
    """Yield pictures (height, width, 3), uint8, one for each 1/fps of video, from the first state to the last."""
    picture = _picture(playback, film)
    num_frames = 0
    while True:
        num_due = _num_frames_due(playback, film)
        for _ in range(num_frames, num_due):
            yield picture
        num_frames = num_due
        if _is_complete(playback, film):
            return
        episode = playback.step()
        if _num_frames_due(playback, film) > num_frames:
            picture = _picture(playback, film)
        if episode and not _is_complete(playback, film):
            playback.begin()


def _num_frames_due(playback: Playback[AnyStage], film: Film) -> int:
    """Return how many frames there are up to now, the one at time 0 included."""
    time_s = playback.num_steps * playback.control_dt_s
    return 1 + math.floor(time_s * film.fps / film.speed + 1e-9)  # 1e-9: 10 s at 30 frames/s is frame 300, not 299.99…


def _is_complete(playback: Playback[AnyStage], film: Film) -> bool:
    has_all_episodes = bool(film.episodes) and len(playback.episodes) >= film.episodes
    return has_all_episodes or bool(film.max_steps and playback.num_steps >= film.max_steps)


def _picture(playback: Playback[AnyStage], film: Film) -> np.ndarray:
    return playback.env.picture(width=film.width, height=film.height)


def _encode(path: Path, film: Film, pictures: Iterator[np.ndarray]) -> int:
    first = next(pictures)
    height, width = first.shape[:2]
    writer = imageio_ffmpeg.write_frames(
        str(path),
        (width, height),
        fps=film.fps,
        codec="libx264",
        pix_fmt_out="yuv420p",
        quality=QUALITY,
        macro_block_size=1,
        ffmpeg_log_level="error",
        output_params=["-movflags", "+faststart", *_scaling(film, (width, height))],
    )
    writer.send(None)
    num_frames = 0
    try:
        for picture in itertools.chain([first], pictures):
            writer.send(np.ascontiguousarray(picture))
            num_frames += 1
            tell(done=num_frames)
    finally:
        writer.close()
    return num_frames


def _scaling(film: Film, size: tuple[int, int]) -> list[str]:
    """Return what makes ffmpeg fit pictures of another size into the film, with black bars at their sides."""
    wanted = f"{film.width}:{film.height}"
    if size == (film.width, film.height):
        return []
    return ["-vf", f"scale={wanted}:force_original_aspect_ratio=decrease,pad={wanted}:(ow-iw)/2:(oh-ih)/2"]


def main(arguments: list[str] | None = None) -> int:
    """Record what the command line asks for; return the exit code."""
    parser = replay_parser("engine.replay.video")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fps", type=int, default=Film.fps)
    parser.add_argument("--width", type=int, default=Film.width)
    parser.add_argument("--height", type=int, default=Film.height)
    options = parser.parse_args(arguments)
    film = Film(
        width=options.width,
        height=options.height,
        fps=options.fps,
        speed=options.speed,
        episodes=options.episodes,
        max_steps=options.steps,
    )

    def work() -> None:
        playback = open_playback(options, partial(make_env, render_mode="rgb_array"))
        num_frames = record(playback, film, options.out)
        tell(num_frames=num_frames, returns=[episode.episode_return for episode in playback.episodes])

    return run_as_child(work)


if __name__ == "__main__":
    sys.exit(main())
