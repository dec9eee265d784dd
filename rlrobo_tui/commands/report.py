"""`rlrobo report`: a run as one HTML file that can be sent to somebody."""

import contextlib
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from engine.protocol.errors import ConfigError
from engine.protocol.files import write_whole
from engine.protocol.run_dir import RunDir
from rlrobo_tui.commands.options import CheckpointOption, RunArgument, named_run
from rlrobo_tui.commands.replay import replay
from rlrobo_tui.console import narrate, narrate_skipped, print_data
from rlrobo_tui.report.facts import Video, gather
from rlrobo_tui.report.page import build


def report(
    run: RunArgument = "latest",
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE.html", help="Where to. [default: RUN.html]")
    ] = None,
    record: Annotated[bool, typer.Option("--video", help="Record an episode and embed it.")] = False,
    video_file: Annotated[
        Path | None, typer.Option("--video-file", metavar="FILE.mp4", help="Embed a video that there is.")
    ] = None,
    checkpoint: CheckpointOption = "best",
) -> None:
    """Write a run as one HTML page for somebody else.

    Charts, evaluations, configuration, provenance, checkpoints, log and a video are in it. It loads nothing from
    anywhere, so it can be sent as it is.
    """
    found = named_run(run)
    path = output or Path(f"{found.id}.html")
    if path.suffix.lower() not in (".html", ".htm"):
        raise ConfigError("command line", "--output", f"expected a file that ends in .html, got {str(path)!r}.")
    if not path.absolute().parent.is_dir():
        raise ConfigError("command line", "--output", f"no such directory: {path.absolute().parent}; make it first.")
    if record and video_file:
        raise ConfigError("command line", "--video", "expected one of --video and --video-file, got both.")
    video = _recorded(found, checkpoint) if record else _read(video_file) if video_file else None
    facts = gather(found, video=video)
    narrate_skipped(found.events, facts.num_corrupt)
    content = build(facts).encode()
    write_whole(path, content)
    embedded = f", {len(video.content) / 1e6:.1f} MB of video in it" if video else ""
    narrate(f"{len(content) / 1e6:.2f} MB{embedded}")
    print_data(str(path))


def _recorded(run: RunDir, checkpoint: str) -> Video:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "replay.mp4"
        with contextlib.redirect_stdout(sys.stderr):  # where replay puts the video is no data here
            replay(str(run.path), checkpoint=checkpoint, video=path)
        which = checkpoint if checkpoint in ("best", "latest") else f"step-{checkpoint}"
        return Video(content=path.read_bytes(), caption=f"An episode of the {which} checkpoint.")


def _read(path: Path) -> Video:
    try:
        content = path.read_bytes()
    except OSError as err:
        raise ConfigError("command line", "--video-file", f"{path}: cannot be read ({err.strerror}).") from err
    if content[4:8] != b"ftyp":  # ISO/IEC 14496-12: an MP4 file begins with the size of this box and its name
        raise ConfigError("command line", "--video-file", f"{path}: expected an MP4 video; record one with --video.")
    return Video(content=content, caption=path.name)
