"""`python -m engine.sampling.worker CONNECTION MEMORY`: simulate and act for some environments. Started by the pool.

CONNECTION and MEMORY are inherited file descriptors. A message is (method of Worker, arguments), the answer (whether it
went well, result or exception). The process ends when the other end of the connection does.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from engine.protocol.config import RunConfig
from engine.sampling.policies import PolicyLayout
from engine.sampling.rollout import Part, RolloutRequest, Sampler
from engine.sampling.shared import ArraySpec, map_arrays
from engine.tasks import make_training_batch
from robots.batch import Batch, BatchFacts
from robots.env import EpisodeRecord

GOES_ON, STOP = 0, 1
"""What the pool writes into `control`."""


class Worker:
    """The environments of one process. `open` and `map` come first."""

    _batch: Batch
    _arrays: dict[str, np.ndarray]
    _sampler: Sampler

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._parent = os.getppid()

    def open(self, config: RunConfig, folder: Path, environments: range, index: int) -> BatchFacts:
        """Load the environments; `index` is the worker's. Raises RobotError and ConfigError."""
        self._index = index
        self._own = slice(environments.start, environments.stop)
        self._batch = make_training_batch(config, folder, environments)
        return BatchFacts.of(self._batch)

    def map(self, specs: dict[str, ArraySpec], layout: PolicyLayout | None = None) -> None:
        """Look at the shared arrays; with a layout, those of a rollout are among them."""
        self._arrays = map_arrays(self._memory, specs)
        if layout is not None:
            self._sampler = Sampler(self._batch, layout, self._arrays)

    def reset(self) -> None:
        """Begin an episode everywhere."""
        self._arrays["step_observations"][self._own] = self._batch.reset()

    def rebuild(self, *key: int) -> None:
        """Begin anew, so that nothing of the past is left."""
        self._arrays["step_observations"][self._own] = self._batch.rebuild(*key)

    def reseed(self, *key: int) -> None:
        """Give every environment a new generator."""
        self._batch.reseed(*key)

    def reseed_noise(self, *key: int) -> None:
        """Give the exploration noise a new generator."""
        self._sampler.reseed(*key)

    def step(self) -> tuple[list[EpisodeRecord], float]:
        """Step once with the actions that the learner wrote; return the episodes that ended and the engine's time."""
        arrays, own, began = self._arrays, self._own, self._batch.engine_s
        made = self._batch.step(arrays["step_actions"][own])
        for name in ("observations", "rewards", "terminated", "truncated", "final_observations"):
            arrays[f"step_{name}"][own] = getattr(made, name)
        self.show_levels()
        return made.episodes, self._batch.engine_s - began

    def sample(self, request: RolloutRequest) -> Part:
        """Sample a rollout. Raises NonFiniteStateError."""
        part = self._sampler.sample(request, self._goes_on)
        self._arrays["progress"][self._index] = part.num_steps
        self.show_levels()
        return part

    def set_levels(self, levels: np.ndarray) -> None:
        """Put the curricula of all environments at `levels` (num_envs, num_curricula)."""
        self._batch.set_levels(levels[self._own])
        self.show_levels()

    def show_levels(self) -> None:
        """Let the learner see how hard each curriculum is."""
        self._arrays["levels"][self._own] = self._batch.levels

    def compute_reward(self, achieved: np.ndarray, desired: np.ndarray) -> np.ndarray:
        """Return the reward for goals."""
        return self._batch.compute_reward(achieved, desired, None)

    def _goes_on(self, num_steps: int) -> bool:
        self._arrays["progress"][self._index] = num_steps
        return self._arrays["control"][0] == GOES_ON and os.getppid() == self._parent


def serve(connection: Connection, worker: Worker) -> None:
    """Answer messages until there are no more."""
    while True:
        try:
            name, arguments = connection.recv()
        except EOFError:
            return
        try:
            answer: tuple[bool, Any] = (True, getattr(worker, name)(*arguments))
        except Exception as err:  # noqa: BLE001 - whatever it is, the learner must hear it
            answer = (False, _portable(err))
        try:
            connection.send(answer)
        except BrokenPipeError:
            return


def _portable(err: Exception) -> Exception:
    """Return an exception that survives the way to the other process."""
    try:
        pickle.loads(pickle.dumps(err))
    except Exception:  # noqa: BLE001 - a plug-in's own error may raise anything
        return RuntimeError("".join(traceback.format_exception(err)))
    return err


def main(arguments: list[str]) -> None:
    """Serve the pool."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # meant for the learner, which stops us
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    connection, memory = (int(text) for text in arguments)
    serve(Connection(connection), Worker(memory))
    sys.stdout.flush()
    os._exit(0)  # taking the interpreter and PyBullet apart takes a while and helps nobody


if __name__ == "__main__":
    main(sys.argv[1:])
