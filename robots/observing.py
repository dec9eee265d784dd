"""What a policy sees of the state: the observation terms side by side, scaled, with sensor errors, clipped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from robots.latency import DelayLine
from robots.small import all_finite
from robots.spec import ObservationTerm
from robots.terms import goals

if TYPE_CHECKING:
    from robots.dynamics import Dynamics
    from robots.spec import TaskSpec
    from robots.state import State

ACHIEVED, DESIRED = "achieved_goal", "desired_goal"


class Observer:
    """Makes the observations of one batch. Call `measure` once before anything else."""

    def __init__(self, task: TaskSpec, functions: Mapping[str, Callable[..., Any]], *, num_envs: int) -> None:
        self._num_envs = num_envs
        self._terms: dict[str, ObservationTerm] = dict(task.observations)
        self._functions: dict[str, Callable[[State], np.ndarray]] = {
            name: functions[f"observations.{name}"] for name in task.observations
        }
        if task.goal is not None:
            start = sum(task.commands[name].size for name in _before(task.commands, task.goal.command))
            desired = slice(start, start + task.commands[task.goal.command].size)
            goal_functions = {
                ACHIEVED: functions["goal.achieved"],
                DESIRED: partial(goals.command, command=desired),
            }
            self._functions = {**goal_functions, **self._functions}
            self._terms = {ACHIEVED: task.goal.achieved, DESIRED: task.goal.achieved, **self._terms}
        self._has_errors = bool(task.randomizations)

    def measure(self, state: State) -> None:
        """Find the size of each term."""
        sizes = [function(state).shape[1] for function in self._functions.values()]
        terms = self._terms.values()
        ends = np.cumsum(sizes).tolist()
        self.size = ends[-1]
        """Length of an observation."""
        self.columns = {name: slice(end - size, end) for name, size, end in zip(self._terms, sizes, ends, strict=True)}
        """Where each term is in the observation."""
        self.low, self.high = np.repeat([term.clip for term in terms], sizes, axis=0).T
        """(size,) bounds."""
        self._scale = np.repeat([term.scale for term in terms], sizes)
        if self._has_errors:
            self._bias, self._noise = np.zeros((2, self._num_envs, self.size))
            self._line = DelayLine(num_envs=self._num_envs, size=self.size)

    def goals(self, state: State) -> tuple[np.ndarray, np.ndarray]:
        """Return achieved and desired goals, each (num_envs, goal_size); only of a goal task."""
        return self._functions[ACHIEVED](state), self._functions[DESIRED](state)

    def first(
        self, state: State, rows: list[int], rngs: Sequence[np.random.Generator], dynamics: Dynamics
    ) -> np.ndarray:
        """Return the first observations (len(rows), size) of new episodes, one generator for each row.

        Raises FloatingPointError with the parts by name when one is not finite.
        """
        values = self._scaled(state)[rows]
        if self._has_errors:
            self._bias[rows] = dynamics.observation_bias * self._scale
            self._noise[rows] = dynamics.observation_noise * self._scale
            values = self._with_errors(values, rows, rngs)
            self._line.begin(rows, dynamics.observation_delay_steps, values)
        return self._finish(values)

    def next(self, state: State, rngs: Sequence[np.random.Generator]) -> np.ndarray:
        """Return the observations (num_envs, size) after a step, one generator for each environment.

        Raises FloatingPointError with the parts by name when one is not finite.
        """
        values = self._scaled(state)
        if self._has_errors:
            values = self._line.pass_through(self._with_errors(values, slice(None), rngs))
        return self._finish(values)

    def _scaled(self, state: State) -> np.ndarray:
        parts = [function(state) for function in self._functions.values()]
        values = np.concatenate(parts, axis=1)
        values *= self._scale
        if not all_finite(values):
            raise FloatingPointError({name: values[:, where] for name, where in self.columns.items()})
        return values

    def _with_errors(
        self, values: np.ndarray, rows: slice | list[int], rngs: Sequence[np.random.Generator]
    ) -> np.ndarray:
        values = values + self._bias[rows]
        noise = self._noise[rows]
        for row in np.flatnonzero(noise.any(axis=1)).tolist():
            values[row] += noise[row] * rngs[row].standard_normal(self.size)
        return values

    def _finish(self, values: np.ndarray) -> np.ndarray:
        return np.minimum(np.maximum(values, self.low), self.high).astype(np.float32)


def _before(names: Mapping[str, Any], name: str) -> list[str]:
    return list(names)[: list(names).index(name)]
