"""What the replay processes share: their command line and their process boundary. `rlrobo replay` starts them."""

import argparse
from collections.abc import Callable
from pathlib import Path

from engine.messages import tell
from engine.protocol.checkpoints import find_checkpoint
from engine.protocol.config import RunConfig
from engine.protocol.errors import RlroboError, UsageError
from engine.protocol.run_dir import open_run
from engine.replay.playback import AnyStage, Playback
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


def open_playback(options: argparse.Namespace, make: Callable[[RunConfig, Path], AnyStage]) -> Playback[AnyStage]:
    """Load the checkpoint and `make` the stage of the run's configuration. Raises RlroboError and RobotError."""
    from engine.worker.policy import load_policy

    run = open_run(options.run_dir)
    policy = load_policy(find_checkpoint(run.checkpoints, options.checkpoint), device="cpu")
    return Playback(make(run.read_config(), run.path), policy, seed=options.seed)


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
