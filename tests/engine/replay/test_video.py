"""Videos: how many frames, at what times, and that they are what players can decode."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from engine.protocol.errors import StorageError
from engine.replay import video
from engine.replay.playback import Playback
from engine.replay.video import Film, frames, record
from robots.env import Observation, RobotEnv
from robots.gym_batch import GymEnv
from tests.robots import gym_envs

gym_envs.register()


class Idle:
    """A policy that pushes nothing."""

    def act(self, observations: Observation) -> np.ndarray:
        """Return zero actions for one driven joint."""
        return np.zeros((len(observations), 1), dtype=np.float32)


@pytest.fixture
def playback() -> Iterator[Playback[RobotEnv]]:
    """The pole on its cart, which nobody pushes; control steps of 0.02 s."""
    env = RobotEnv("cartpole_balance", render_mode="rgb_array")
    yield Playback(env, Idle(), seed=3)
    env.close()


def test_same_seed_plays_the_same_episode(playback: Playback[RobotEnv]) -> None:
    again = Playback(playback.env, Idle(), seed=3)
    while not (first := again.step()):
        pass
    replayed = Playback(playback.env, Idle(), seed=3)
    while not (second := replayed.step()):
        pass
    assert first == second


def test_ended_episode_is_recorded_with_its_return_and_end(playback: Playback[RobotEnv]) -> None:
    while not (episode := playback.step()):
        pass
    assert playback.episodes == [episode]
    assert (episode.num_steps, episode.termination) == (playback.num_steps, "pole_fell")
    # The task gives 1 for each step that the pole stays up.
    assert episode.episode_return == pytest.approx(episode.num_steps, abs=1)


@pytest.mark.parametrize(
    ("fps", "speed", "num_frames"),
    # 10 steps of 0.02 s are 0.2 s; frames stand at 0, 1/fps·speed, 2/fps·speed, …, 0.2 s.
    [(50, 1.0, 11), (30, 1.0, 7), (50, 0.5, 21), (50, 2.0, 6)],
)
def test_frames_follow_simulated_time(fps: int, speed: float, num_frames: int, playback: Playback[RobotEnv]) -> None:
    film = Film(width=16, height=16, fps=fps, speed=speed, max_steps=10)
    assert len(list(frames(playback, film))) == num_frames


def test_frames_have_the_size_asked_for(playback: Playback[RobotEnv]) -> None:
    picture = next(frames(playback, Film(width=64, height=32, max_steps=1)))
    assert (picture.shape, picture.dtype) == ((32, 64, 3), np.uint8)


def test_second_episode_is_played_in_the_same_video(playback: Playback[RobotEnv]) -> None:
    list(frames(playback, Film(width=16, height=16, fps=1, episodes=2)))
    assert len(playback.episodes) == 2


def test_video_is_h264_that_decodes_to_every_frame(playback: Playback[RobotEnv], tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    assert record(playback, Film(width=64, height=50, fps=25, max_steps=10), path) == 6
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    decoded = subprocess.run(command, capture_output=True, check=True)
    assert len(decoded.stdout) == 6 * 64 * 50 * 3
    stream = next(line for line in decoded.stderr.decode().splitlines() if "Video: h264" in line)
    assert all(property in stream for property in ("yuv420p", "64x50", "25 fps"))


def test_pictures_of_another_size_fill_the_film(tmp_path: Path) -> None:
    """An environment of another package decides on the size of its pictures, here 41 x 30."""
    playback = Playback(GymEnv("RlroboTestCounter-v0", render_mode="rgb_array"), Idle(), seed=1)
    path = tmp_path / "a.mp4"
    # 5 steps of 0.1 s at 10 frames/s, and the frame of time 0.
    assert record(playback, Film(width=64, height=50, fps=10), path) == 6
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    decoded = subprocess.run(command, capture_output=True, check=True)
    assert len(decoded.stdout) == 6 * 64 * 50 * 3


def test_video_that_breaks_off_leaves_the_old_one(
    playback: Playback[RobotEnv], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")

    def break_off(*_: object) -> Iterator[np.ndarray]:
        yield np.zeros((16, 16, 3), dtype=np.uint8)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(video, "frames", break_off)
    with pytest.raises(StorageError, match="the disk is full"):
        record(playback, Film(width=16, height=16), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
