"""`python -m engine.worker.evaluate RUN_DIR …`: evaluate a checkpoint in a process of its own.

The CLI's child: prints one JSON object on stdout, progress and errors as JSON lines on stderr. A person uses
`rlrobo evaluate`.
"""

import argparse
import json
import sys
from pathlib import Path

import torch

from engine.messages import tell
from engine.protocol.checkpoints import find_checkpoint
from engine.protocol.errors import RlroboError, UsageError
from engine.protocol.run_dir import open_run
from engine.tasks import make_batch
from engine.worker.devices import check_device
from engine.worker.evaluation import evaluate
from engine.worker.policy import load_policy
from robots.errors import RobotError
from robots.quiet import stdout_to_stderr


def main(arguments: list[str] | None = None) -> int:
    """Evaluate and print; return the exit code."""
    options = _parse(arguments)
    try:
        _print_evaluation(options)
    except (RlroboError, RobotError) as err:
        tell(error=str(err))
        return err.exit_code if isinstance(err, RlroboError) else UsageError.exit_code
    return 0


def _print_evaluation(options: argparse.Namespace) -> None:
    run = open_run(options.run_dir)
    config = run.read_config()
    checkpoint = find_checkpoint(run.checkpoints, options.checkpoint)
    torch.set_num_threads(1)
    policy = load_policy(checkpoint, device=check_device(options.device))
    seed = config.evaluation.seed if options.seed is None else options.seed
    with stdout_to_stderr():  # other packages' environments and plug-ins may print
        batch = make_batch(config, run.path, num_envs=options.episodes, seed=seed)
        report = evaluate(policy.act, batch, seed=seed, on_episode=_print_progress)
    assert report is not None  # nothing cancels it
    result = {
        "return_mean": report.return_mean,
        "return_std": report.return_std,
        "return_ci95": report.return_ci95,
        "length_mean": report.length_mean,
        "success_rate": report.success_rate,
        "termination_rates": report.termination_rates,
        "episodes": len(report.returns),
        "checkpoint_step": checkpoint.step,
        "seed": seed,
        "returns": report.returns,
    }
    print(json.dumps(result))  # noqa: T201 - stdout is data


def _print_progress(num_done: int) -> None:
    tell(done=num_done)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="engine.worker.evaluate")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--checkpoint", default="best")
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--device", default="cpu")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
