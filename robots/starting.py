"""How episodes begin and what happens to them on the way: resets, commands, randomisation, pushes, curricula.

Terms draw from the generator of their own environment only. Called by robots/mdp.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from robots.curriculum import Curricula
from robots.errors import TaskDefinitionError
from robots.latency import DelayLine
from robots.spec import LEVEL
from robots.state import Dynamics, Start, default_start

if TYPE_CHECKING:
    from robots.simulation import Simulation
    from robots.spec import CommandTerm, DisturbanceTerm, RandomizationTerm, ResetTerm, TaskSpec

    StartTerm = ResetTerm | CommandTerm | RandomizationTerm | DisturbanceTerm

Rngs = Sequence[np.random.Generator]


class Starter:
    """Starts the episodes of one batch."""

    def __init__(
        self,
        task: TaskSpec,
        functions: Mapping[str, Callable[..., Any]],
        simulation: Simulation,
        *,
        observation_size: int,
    ) -> None:
        self._task = task
        self._functions = functions
        self._simulation = simulation
        self._observation_size = observation_size
        num_envs = len(simulation.worlds)
        self.curricula = Curricula(task, functions, num_envs=num_envs)
        self.drawn = {name: np.zeros(num_envs) for name in task.randomizations}
        """What each randomisation term drew for the present episode, (num_envs,)."""
        self.dynamics: Dynamics = self._default(0).dynamics
        """Of the episodes that began last, one row for each."""
        self._actions = DelayLine(num_envs=num_envs, size=len(task.robot.action_names))
        ends = np.cumsum([term.size for term in task.commands.values()]).tolist()
        terms = zip(task.commands.items(), ends, strict=True)
        self._command_columns = {name: slice(end - term.size, end) for (name, term), end in terms}

    def settle(self) -> None:
        """Put every environment in its default pose without drawing anything."""
        num_envs = len(self._simulation.worlds)
        self._simulation.begin(list(range(num_envs)), self._default(num_envs))

    def begin(self, indices: list[int], rngs: Rngs) -> None:
        """Start episodes in the environments `indices`, one generator for each."""
        task, start = self._task, self._default(len(indices))
        start.levels = self.curricula.levels[indices]
        for name, term in task.resets.items():
            self._call(f"resets.{name}", term, start, rngs)
        for name, term in task.commands.items():
            self._draw_command(name, term, start, rngs)
        for name, term in task.randomizations.items():
            drawn = self._call(f"randomizations.{name}", term, start, rngs)
            self.drawn[name][indices] = 0.0 if drawn is None else drawn
        self._show_commands(start)
        self._simulation.begin(indices, start)
        self.dynamics = start.dynamics
        if task.randomizations:
            self._actions.begin(indices, start.dynamics.action_delay_steps)

    def delay_actions(self, actions: np.ndarray) -> np.ndarray:
        """Return what the motors get, (num_envs, num_actions), when the policy says `actions`."""
        return self._actions.pass_through(actions) if self._task.randomizations else actions

    def disturb(self, name: str, indices: list[int], rngs: Rngs) -> None:
        """Apply a disturbance term to the environments `indices`."""
        start = self._present(indices)
        self._call(f"disturbances.{name}", self._task.disturbances[name], start, rngs)
        self._simulation.push(indices, start)

    def resample(self, name: str, indices: list[int], rngs: Rngs) -> None:
        """Draw a command anew in the environments `indices`."""
        start = self._present(indices)
        self._draw_command(name, self._task.commands[name], start, rngs)
        self._show_commands(start)
        self._simulation.command(indices, start)

    def _default(self, num_rows: int) -> Start:
        simulation = self._simulation
        return default_start(
            self._task,
            simulation.model,
            num_rows=num_rows,
            observation_size=self._observation_size,
            terrain=simulation.terrain,
        )

    def _present(self, indices: list[int]) -> Start:
        start, state = self._default(len(indices)), self._simulation.state
        for name in (
            "base_position_w", "base_quaternion_w", "base_linear_velocity_w", "base_angular_velocity_w",
            "joint_position", "joint_velocity", "command",
        ):  # fmt: skip
            getattr(start, name)[:] = getattr(state, name)[indices]
        bodies = [index for index, each in enumerate(self._task.objects) if each in self._task.bodies]
        start.object_position_w[:, bodies] = state.object_position_w[indices]
        start.object_quaternion_w[:, bodies] = state.object_quaternion_w[indices]
        start.levels = self.curricula.levels[indices]
        return start

    def _call(self, path: str, term: StartTerm, start: Start, rngs: Rngs) -> Any:
        function = self._functions[path]
        if LEVEL not in inspect.signature(term.function).parameters:
            return function(start, rngs)
        if term.curriculum is None:
            return function(start, rngs, level=np.ones(len(rngs)))
        return function(start, rngs, level=start.levels[:, self.curricula.names.index(term.curriculum)])

    def _draw_command(self, name: str, term: CommandTerm, start: Start, rngs: Rngs) -> None:
        drawn = self._call(f"commands.{name}", term, start, rngs)
        if np.shape(drawn) != (len(rngs), term.size):
            raise TaskDefinitionError(
                f"{self._task.id}: commands.{name}: returned shape {np.shape(drawn)} for {len(rngs)} environments; "
                f"must be ({len(rngs)}, {term.size})"
            )
        start.command[:, self._command_columns[name]] = drawn

    def _show_commands(self, start: Start) -> None:
        for index, each in enumerate(self._task.objects):
            if each.follows is not None:
                shown = start.command[:, self._command_columns[each.follows]][:, :3]
                start.object_position_w[:, index, : shown.shape[1]] = shown
