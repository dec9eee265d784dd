"""Several sampling processes that together look like one batch of environments, and sample rollouts side by side.

PyBullet holds Python's interpreter lock, so only processes simulate at the same time. Results do not depend on their
number: every environment has generators of its own, and a policy acts on it alike in any process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from engine.death import signal_words
from engine.protocol.config import RunConfig
from engine.protocol.errors import ProcessDiedError
from engine.sampling.policies import PolicyLayout
from engine.sampling.rollout import Part, Rollout, RolloutRequest, rollout_specs
from engine.sampling.shared import ArraySpec, create_file, map_arrays
from engine.sampling.worker import GOES_ON, STOP
from robots.batch import BatchFacts
from robots.env import BatchStep, EpisodeRecord

POLL_INTERVAL_S = 0.1
SINGLE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""A worker has one core; products of a few rows lose ten times their own time to a second thread."""


class SamplingPool:
    """All environments of a run, split over `num_workers` processes. A robots.batch.Batch."""

    first_env_index = 0

    def __init__(self, config: RunConfig, folder: Path, *, num_workers: int) -> None:
        """Start the processes. Raises what loading the environments does, and ProcessDiedError."""
        self.num_envs, self.num_workers = config.num_envs, num_workers
        self._memory = create_file()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._connections: list[Connection] = []
        self.engine_s = 0.0
        try:
            for _ in range(num_workers):
                self._start()
            parts = np.array_split(np.arange(config.num_envs), num_workers)
            ranges = [range(int(part[0]), int(part[-1]) + 1) for part in parts]
            facts = self._ask_each("open", [(config, folder, part, index) for index, part in enumerate(ranges)])
            self._adopt(facts[0])
        except BaseException:
            self.close()
            raise

    def reset(self) -> np.ndarray:
        """Begin an episode everywhere; return the observations (num_envs, observation_size), float32."""
        self._ask_all("reset")
        return self._arrays["step_observations"].copy()

    def step(self, actions: np.ndarray) -> BatchStep:
        """Advance one step. Raises NonFiniteStateError."""
        self._arrays["step_actions"][:] = actions
        answers: list[tuple[list[EpisodeRecord], float]] = self._ask_all("step")
        self.engine_s += sum(engine_s for _, engine_s in answers) / self.num_workers
        names = ("observations", "rewards", "terminated", "truncated", "final_observations")
        made = {name: self._arrays[f"step_{name}"].copy() for name in names}
        return BatchStep(**made, episodes=[record for records, _ in answers for record in records])

    def rebuild(self, *key: int) -> np.ndarray:
        """Begin anew, so that nothing of the past is left; return the observations."""
        self._ask_all("rebuild", *key)
        return self._arrays["step_observations"].copy()

    def open_rollouts(self, layout: PolicyLayout, *, num_steps: int) -> dict[str, np.ndarray]:
        """Prepare for rollouts of up to `num_steps`; return their arrays. `reseed_noise` must follow."""
        self._specs |= rollout_specs(layout, num_envs=self.num_envs, num_steps=num_steps)
        self._has_rollouts = True
        self._map(layout)
        return self._arrays

    def reseed_noise(self, *key: int) -> None:
        """Give the exploration noise of every environment a new generator; without rollouts, do nothing."""
        if self._has_rollouts:
            self._ask_all("reseed_noise", *key)

    def sample(self, request: RolloutRequest, goes_on: Callable[[int], bool]) -> Rollout:
        """Fill the arrays; `goes_on` is told now and then how many steps are made. Raises NonFiniteStateError."""
        arrays, began = self._arrays, perf_counter()
        arrays["control"][0], arrays["progress"][:] = GOES_ON, 0
        for connection in self._connections:
            self._send(connection, "sample", (request,))
        waiting, is_wanted = list(self._connections), True
        while waiting:
            if is_wanted and not goes_on(int(arrays["progress"].min())):
                is_wanted = False
                arrays["control"][0] = STOP
            ready = wait(waiting, timeout=POLL_INTERVAL_S)
            waiting = [connection for connection in waiting if connection not in ready]
        parts: list[Part] = self._answers()
        return Rollout.of(parts, wall_s=perf_counter() - began)

    @property
    def levels(self) -> np.ndarray:
        """(num_envs, num_curricula) how hard each curriculum is; a copy, see set_levels."""
        return self._arrays["levels"].copy()

    def set_levels(self, levels: np.ndarray) -> None:
        """Put every curriculum at its level (num_envs, num_curricula)."""
        self._ask_all("set_levels", levels)

    def compute_reward(self, achieved: np.ndarray, desired: np.ndarray, info: object) -> np.ndarray:
        """Return the reward for goals (..., goal_size); only of a goal task."""
        connection = self._connections[0]
        self._send(connection, "compute_reward", (achieved, desired))
        return _unwrap(self._take(connection))

    def reseed(self, *key: int) -> None:
        """Give every environment a new generator."""
        self._ask_all("reseed", *key)

    def close(self) -> None:
        """End the processes; may be called twice."""
        for connection in self._connections:
            connection.close()
        for process in self._processes:
            process.kill()  # one that is sampling would go on to its next step
            process.wait()
        self._connections, self._processes = [], []
        if self._memory >= 0:
            os.close(self._memory)
            self._memory = -1

    def _start(self) -> None:
        ours, theirs = Pipe()
        with theirs:
            descriptors = (theirs.fileno(), self._memory)
            command = [sys.executable, "-m", "engine.sampling.worker", *map(str, descriptors)]
            environment = {**os.environ, **SINGLE_THREAD}
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=descriptors, env=environment)
        self._processes.append(process)
        self._connections.append(ours)

    def _adopt(self, facts: BatchFacts) -> None:
        self.observation_space, self.action_space = facts.observation_space, facts.action_space
        self.goal_size, self.curriculum_names = facts.goal_size, facts.curriculum_names
        self.max_episode_steps, self.has_success = facts.max_episode_steps, facts.has_success
        self.control_dt_s = facts.control_dt_s
        count, observation = self.num_envs, (self.num_envs, *facts.observation_space.shape)
        action_type = str(facts.action_space.dtype)
        self._specs = {
            "control": ArraySpec((1,), "int32"),
            "progress": ArraySpec((self.num_workers,), "int64"),
            "levels": ArraySpec((count, len(facts.curriculum_names)), "float64"),
            "step_actions": ArraySpec((count, *(facts.action_space.shape or ())), action_type),
            "step_observations": ArraySpec(observation, "float32"),
            "step_final_observations": ArraySpec(observation, "float32"),
            "step_rewards": ArraySpec((count,), "float32"),
            "step_terminated": ArraySpec((count,), "bool"),
            "step_truncated": ArraySpec((count,), "bool"),
        }
        self._has_rollouts = False
        self._map()
        self._ask_all("show_levels")

    def _map(self, layout: PolicyLayout | None = None) -> None:
        self._arrays = map_arrays(self._memory, self._specs)
        self._ask_all("map", self._specs, layout)

    def _ask_all(self, method: str, *arguments: Any) -> list[Any]:
        return self._ask_each(method, [arguments] * self.num_workers)

    def _ask_each(self, method: str, arguments: list[tuple[Any, ...]]) -> list[Any]:
        for connection, each in zip(self._connections, arguments, strict=True):
            self._send(connection, method, each)
        return self._answers()

    def _answers(self) -> list[Any]:
        # All are taken before one of them may raise, so that no later question gets an earlier answer.
        answers = [self._take(connection) for connection in self._connections]
        return [_unwrap(answer) for answer in answers]

    def _send(self, connection: Connection, method: str, arguments: tuple[Any, ...]) -> None:
        try:
            connection.send((method, arguments))
        except (BrokenPipeError, ConnectionResetError):
            raise self._death_of(connection) from None

    def _take(self, connection: Connection) -> tuple[bool, Any]:
        try:
            return connection.recv()
        except (EOFError, ConnectionResetError):
            raise self._death_of(connection) from None

    def _death_of(self, connection: Connection) -> ProcessDiedError:
        index = self._connections.index(connection)
        code = self._processes[index].wait()
        how = f"was {signal_words(-code)}" if code < 0 else f"ended with exit code {code}; engine.log may say why"
        return ProcessDiedError(
            f"A sampling process ({index + 1} of {self.num_workers}) {how}. The last checkpoint is whole. "
            "Where memory is short, use fewer num_envs or num_workers."
        )


def _unwrap(answer: tuple[bool, Any]) -> Any:
    is_well, result = answer
    if not is_well:
        raise result
    return result
