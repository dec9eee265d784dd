"""What the replay processes share: their command line, their messages and their process boundary.

`rlrobo replay` starts them and reads their stderr: one JSON object a line, `{"error": "…"}` for what went wrong.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.protocol.checkpoints import find_checkpoint
from engine.protocol.errors import RlroboError, UsageError
from engine.protocol.run_dir import open_run
from engine.replay.playback import Playback
from robots.env import RobotEnv
from robots.errors import RobotError


def replay_parser(name: str) -> argparse.ArgumentParser:
    """Return a parser with the options of every replay."""
    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--checkpoint", default="best")
    parser.add_argument("--seed", type=int, default=10_000)
    parser.add_argument("--episodes", type=int, default=1, help="0: no limit")
    parser.add_argument("--steps", type=int, default=0, help="control steps in all; 0: no limit")
    parser.add_argument("--speed", type=float, default=1.0)
    return parser


def open_playback(options: argparse.Namespace, *, render_mode: str) -> Playback:
    """Load the checkpoint and its task. Raises RlroboError and RobotError."""
    from engine.worker.policy import load_policy
    from engine.worker.tasks import load_run_task

    run = open_run(options.run_dir)
    policy = load_policy(find_checkpoint(run.checkpoints, options.checkpoint), device="cpu")
    task = load_run_task(run.read_config())
    return Playback(RobotEnv(task, render_mode=render_mode), policy, seed=options.seed)


def tell(**message: Any) -> None:
    """Send a message to the parent process."""
    print(json.dumps(message), file=sys.stderr, flush=True)  # noqa: T201 - the protocol with the parent


def run_as_child(work: Callable[[], None]) -> int:
    """Do `work`; return the exit code, and tell the parent what went wrong."""
    try:
        work()
    except (RlroboError, RobotError) as err:
        tell(error=str(err))
        return err.exit_code if isinstance(err, RlroboError) else UsageError.exit_code
    except KeyboardInterrupt:
        return 130
    return 0
