"""A task in motion: starts episodes, advances them, evaluates the terms. Deterministic given generators.

Owns no randomness and starts no episode by itself; robots/env.py does both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from robots.binding import bind, required_reads
from robots.errors import NonFiniteStateError, TaskDefinitionError
from robots.simulation import Simulation
from robots.state import Start, default_start

if TYPE_CHECKING:
    from robots.spec import TaskSpec

NUM_SNAPSHOTS = 8
"""States kept for the report of a NaN; chosen: enough to see a divergence build up."""
TIME_LIMIT = "time_limit"


@dataclass(frozen=True, kw_only=True)
class Transition:
    """What one step led to."""

    observations: np.ndarray
    """(num_envs, observation_size) float32."""
    rewards: np.ndarray
    """(num_envs,) float32, the sum over the terms."""
    reward_terms: np.ndarray
    """(num_envs, num_reward_terms) weighted."""
    terminated: np.ndarray
    """(num_envs,) the MDP ended."""
    truncated: np.ndarray
    """(num_envs,) we stop looking; never where terminated."""
    terminations: np.ndarray
    """(num_envs, num_termination_terms + 1) which terms were true; the last column is the time limit."""


class Mdp:
    """A simulation and the terms of a task over it."""

    def __init__(self, task: TaskSpec, *, num_envs: int, first_env_index: int = 0, gui: bool = False) -> None:
        """Load the robot and bind the terms. Raises TaskDefinitionError or ModelFileError."""
        self.task = task
        self.num_envs = num_envs
        self.simulation = Simulation(task, num_envs=num_envs, reads=required_reads(task), gui=gui)
        self.reward_terms = tuple(task.rewards)
        self.termination_terms = (*task.terminations, TIME_LIMIT)
        self.step_count = np.zeros(num_envs, dtype=np.int64)
        self._first_env_index = first_env_index
        functions = bind(task, self.simulation.model)
        self._observations = [functions[f"observations.{n}"] for n in task.observations]
        self._rewards = [(functions[f"rewards.{n}"], t.weight) for n, t in task.rewards.items()]
        self._terminations = [functions[f"terminations.{n}"] for n in task.terminations]
        self._resets = [functions[f"resets.{n}"] for n in task.resets]
        self._resets += [functions[f"randomizations.{n}"] for n in task.randomizations]
        self._terminates = np.array([not t.truncates for t in task.terminations.values()] + [False])
        self._snapshots = [np.zeros_like(self.simulation.state.flat) for _ in range(NUM_SNAPSHOTS - 1)]
        self.simulation.begin(list(range(num_envs)), self._default_start(num_envs))
        self._check_shapes(functions)
        self.observation_low, self.observation_high = self._per_element("clip").T
        self._observation_scale = self._per_element("scale")

    def begin(self, indices: list[int], rngs: list[np.random.Generator]) -> None:
        """Start an episode in each of the environments, drawing from its own generator."""
        start = self._default_start(len(indices))
        for reset in self._resets:
            reset(start, rngs)
        self.simulation.begin(indices, start)
        self.step_count[indices] = 0

    def observe(self) -> np.ndarray:
        """Return a new array (num_envs, observation_size), float32, of the present state."""
        state = self.simulation.state
        parts = [function(state) for function in self._observations]
        scaled = np.concatenate(parts, axis=1) * self._observation_scale
        clipped = np.minimum(np.maximum(scaled, self.observation_low), self.observation_high)
        observations = clipped.astype(np.float32)
        if not np.isfinite(observations).all():
            self._raise_not_finite(
                "observation", dict(zip(self.task.observations, parts, strict=True)), self.step_count
            )
        return observations

    def advance(self, actions: np.ndarray) -> Transition:
        """Step all environments. Raises NonFiniteStateError."""
        actions = np.asarray(actions, dtype=np.float64)
        expected = (self.num_envs, len(self.task.robot.joints))
        if actions.shape != expected:
            raise ValueError(f"actions: shape {actions.shape}; must be {expected}")
        if not np.isfinite(actions).all():
            self._raise_not_finite("action", {"": actions}, self.step_count + 1)
        self._keep_snapshot()
        self.simulation.step(np.clip(actions, -1.0, 1.0))
        self.step_count += 1
        observations = self.observe()
        reward_terms = self._evaluate_rewards()
        terminations = self._evaluate_terminations()
        terminated = np.any(terminations & self._terminates, axis=1)
        return Transition(
            observations=observations,
            rewards=reward_terms.sum(axis=1).astype(np.float32),
            reward_terms=reward_terms,
            terminated=terminated,
            truncated=np.any(terminations, axis=1) & ~terminated,
            terminations=terminations,
        )

    def termination_of(self, transition: Transition, env: int) -> str:
        """Return the name of the term that ended the episode: the first one that terminates, if any."""
        row = transition.terminations[env]
        if transition.terminated[env]:
            row = row & self._terminates
        return self.termination_terms[int(row.argmax())]

    def last_states(self, env: int) -> dict[str, np.ndarray]:
        """Return the last states of an environment's episode, oldest first, arrays by name."""
        state = self.simulation.state
        num_earlier = min(NUM_SNAPSHOTS - 1, int(self.step_count[env]))
        earlier = self._snapshots[len(self._snapshots) - num_earlier :]
        flat = np.stack([*(snapshot[env] for snapshot in earlier), state.flat[env]])
        return type(state)(flat, state.model, control_dt_s=state.control_dt_s).arrays()

    def close(self) -> None:
        """Free the worlds; may be called twice."""
        self.simulation.close()

    def _default_start(self, num_starts: int) -> Start:
        return default_start(self.task.robot, self.simulation.model, num_starts=num_starts)

    def _check_shapes(self, functions: dict[str, Callable[..., Any]]) -> None:
        for path, function in functions.items():
            if path.startswith(("resets", "randomizations")):
                continue
            shape = np.shape(function(self.simulation.state))
            num_axes, expected = (2, "num_envs, dim") if path.startswith("observations") else (1, "num_envs,")
            if len(shape) != num_axes or shape[0] != self.num_envs:
                raise TaskDefinitionError(
                    f"{self.task.id}: {path}: returned shape {shape} for {self.num_envs} environments; "
                    f"must be ({expected})"
                )

    def _evaluate_rewards(self) -> np.ndarray:
        state = self.simulation.state
        values = np.empty((self.num_envs, len(self._rewards)))
        for column, (function, weight) in enumerate(self._rewards):
            values[:, column] = weight * function(state)
        if not np.isfinite(values).all():
            self._raise_not_finite("reward", dict(zip(self.reward_terms, values.T, strict=True)), self.step_count)
        return values

    def _evaluate_terminations(self) -> np.ndarray:
        values = np.empty((self.num_envs, len(self.termination_terms)), dtype=bool)
        for column, function in enumerate(self._terminations):
            values[:, column] = function(self.simulation.state)
        values[:, -1] = self.step_count >= self.task.max_episode_steps
        return values

    def _keep_snapshot(self) -> None:
        oldest = self._snapshots.pop(0)
        oldest[:] = self.simulation.state.flat
        self._snapshots.append(oldest)

    def _raise_not_finite(self, kind: str, values: dict[str, np.ndarray], steps: np.ndarray) -> None:
        for name, value in values.items():
            rows = ~np.isfinite(value.reshape(self.num_envs, -1)).all(axis=1)
            if rows.any():
                env = int(rows.argmax())
                raise NonFiniteStateError(
                    f"{kind} {name}".strip(),
                    env + self._first_env_index,
                    int(steps[env]),
                    self.last_states(env),
                )

    def _per_element(self, name: str) -> np.ndarray:
        """Return a field of the observation terms, (observation_size,) or (observation_size, 2)."""
        sizes = [function(self.simulation.state).shape[1] for function in self._observations]
        terms = self.task.observations.values()
        return np.repeat([getattr(term, name) for term in terms], sizes, axis=0)
