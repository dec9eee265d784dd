"""`python -m engine.replay.terminal RUN_DIR`: play checkpoints for a viewer that draws them in a terminal.

Reads wishes from stdin and writes frames to stdout (engine/replay/wire.py), and what it waits for and errors to stderr.
Ends with its viewer: when stdin does. Gives way to training and to the terminal: niced, one thread.
"""

import argparse
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from engine.messages import tell
from engine.protocol.checkpoints import find_checkpoint
from engine.protocol.run_dir import open_run
from engine.replay.child import run_as_child
from engine.replay.wire import Wish, write_frame

NICENESS = 10
_CHUNK_BYTES = 65_536


class Wishes:
    """The wishes that come through a pipe."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""

    def newest(self, timeout_s: float | None) -> Wish | None:
        """Return the newest wish that came, or None when none does in time. Raises EOFError when the viewer is gone."""
        if not select.select([self._descriptor], [], [], timeout_s)[0]:
            return None
        chunk = os.read(self._descriptor, _CHUNK_BYTES)
        if not chunk:
            raise EOFError
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return msgspec.json.decode(lines[-1], type=Wish) if lines else None


def main(arguments: list[str] | None = None) -> int:
    """Play for a viewer; return the exit code."""
    parser = argparse.ArgumentParser(prog="engine.replay.terminal")
    parser.add_argument("run_dir", type=Path)
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C in the terminal is the viewer's business
    frames = _take_stdout()

    def work() -> None:
        try:
            play(options.run_dir, Wishes(sys.stdin.fileno()), frames)
        except (EOFError, BrokenPipeError):  # the viewer has left
            return

    return run_as_child(work)


def play(run_dir: Path, wishes: Wishes, frames: BinaryIO) -> None:
    """Grant wishes and answer them with frames. Raises EOFError or OSError when the viewer is gone, and RlroboError."""
    run = open_run(run_dir)
    config = run.read_config()
    tell(loading="the libraries")
    import torch

    from engine.replay.show import Show
    from engine.tasks import make_env
    from engine.worker.policy import load_policy

    torch.set_num_threads(1)

    def make_stage() -> Any:
        tell(loading=f"the robot of {config.task_name}")
        return make_env(config, run.path, render_mode="rgb_array")

    def load(step: int) -> Any:
        tell(loading=f"the checkpoint of step {step:,}")
        return load_policy(find_checkpoint(run.checkpoints, str(step)), device="cpu")

    show = Show(make_stage, load)
    has_begun = False
    while True:
        wish = wishes.newest(show.wait_s)
        if wish is not None:
            show.grant(wish)
        show.advance()
        if wish is not None:
            write_frame(frames, *show.frame())
            if not has_begun:
                os.nice(NICENESS)  # not before: somebody waits for the first picture
                has_begun = True


def _take_stdout() -> BinaryIO:
    """Return stdout for frames alone; what PyBullet or another package prints there goes to stderr from now on."""
    frames = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return frames


if __name__ == "__main__":
    sys.exit(main())
