"""`python -m engine.worker.evaluator RUN_DIR FD`: evaluate a run's checkpoints beside its training.

A child of the engine, which asks for one checkpoint after the other through a socket and gets an answer for each. It
lives as long as that socket: signals that stop a training do not concern it, and it never outlives the engine. Its
numbers are those of `rlrobo evaluate`.
"""

import argparse
import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue

import msgspec
import torch
from msgspec import Struct

from engine.protocol.checkpoints import read_checkpoint, verify
from engine.protocol.config import RunConfig
from engine.protocol.errors import CheckpointError, RlroboError
from engine.protocol.run_dir import open_run
from engine.tasks import make_batch
from engine.worker.evaluation import Report, evaluate
from engine.worker.policy import load_policy
from robots.batch import Batch
from robots.errors import RobotError

NICENESS = 5
"""chosen: training goes first where both want the same core, and an evaluation still gets a quarter of it."""


class Answer(Struct, frozen=True, kw_only=True):
    """What became of one checkpoint."""

    report: Report | None = None
    """The result; None where there is none."""
    error: str = ""
    """Why there is none."""
    duration_s: float = 0.0
    """How long it took, in seconds."""


def main(arguments: list[str] | None = None) -> int:
    """Answer until the engine is gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    options = _parse(arguments)
    os.nice(NICENESS)
    connection: Connection[bytes, bytes] = Connection(options.socket)
    requests: SimpleQueue[Path] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, requests), daemon=True).start()
    run = open_run(options.run_dir)
    evaluator = Evaluator(run.read_config(), run.path)
    with contextlib.suppress(OSError):  # the engine is gone
        while True:
            connection.send_bytes(msgspec.json.encode(evaluator.answer(requests.get())))
    return 0


class Evaluator:
    """Plays the evaluation episodes of one run, in environments of its own."""

    def __init__(self, config: RunConfig, folder: Path) -> None:
        self._config = config
        self._folder = folder
        self._batch: Batch | None = None
        torch.set_num_threads(1)  # as wherever policies are evaluated, for the same numbers

    def answer(self, path: Path, *, is_cancelled: Callable[[], bool] = lambda: False) -> Answer:
        """Evaluate the checkpoint in the directory `path`. Whatever goes wrong is an answer, too."""
        began = time.monotonic()
        try:
            report = self._evaluate(path, is_cancelled)
        except (RlroboError, RobotError) as err:
            return Answer(error=str(err))
        except Exception as err:  # noqa: BLE001 - the process boundary: training must never end of an evaluation
            traceback.print_exc()
            return Answer(error=f"{type(err).__name__}: {err}; engine.log has the traceback.")
        return Answer(report=report, duration_s=time.monotonic() - began)

    def _evaluate(self, path: Path, is_cancelled: Callable[[], bool]) -> Report | None:
        wanted = self._config.evaluation
        checkpoint = read_checkpoint(path)
        if checkpoint is None:
            raise CheckpointError(f"{path}: no checkpoint any more.")
        verify(checkpoint)
        policy = load_policy(checkpoint)
        if self._batch is None:
            self._batch = make_batch(self._config, self._folder, num_envs=wanted.episodes, seed=wanted.seed)
        return evaluate(policy.act, self._batch, seed=wanted.seed, is_cancelled=is_cancelled)


def _listen(connection: "Connection[bytes, bytes]", requests: "SimpleQueue[Path]") -> None:
    """Take requests; end the process, in the middle of an episode if need be, when the engine closes or dies."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            requests.put(Path(connection.recv_bytes().decode()))
    os._exit(0)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="engine.worker.evaluator")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("socket", type=int, help="file descriptor of the socket to the engine")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
