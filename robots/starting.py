"""How episodes begin and what happens to them on the way: resets, commands, randomisation, pushes, curricula.

Terms draw from the generator of their own environment only. Called by robots/mdp.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from robots.curriculum import Curricula, sample_episodes
from robots.dynamics import Dynamics, own_dynamics
from robots.errors import TaskDefinitionError
from robots.latency import DelayLine
from robots.state import Start, default_start
from robots.term_specs import LEVEL

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
        self._no_dynamics = own_dynamics(task, simulation.model, num_rows=0)
        self.dynamics: Dynamics = self._no_dynamics
        """Of the episodes that began last, one row for each; without randomisation, none."""
        self._actions = DelayLine(num_envs=num_envs, size=len(task.robot.action_names))
        ends = np.cumsum([term.size for term in task.commands.values()]).tolist()
        terms = zip(task.commands.items(), ends, strict=True)
        self._command_columns = {name: slice(end - term.size, end) for (name, term), end in terms}

    def settle(self) -> None:
        """Put every environment in its default pose without drawing anything."""
        num_envs = len(self._simulation.worlds)
        self._simulation.begin(list(range(num_envs)), self._default(num_envs))

    def check(self) -> None:
        """Call each term once without effect: what it refuses shall be known when a task is loaded.

        Raises TaskDefinitionError.
        """
        task, start, rngs = self._task, self._default(1), [np.random.default_rng(0)]
        self._draw(start, rngs, {})
        for name, term in task.commands.items():
            if term.resample_s is not None:  # in the middle of an episode no reset has run before it
                self._draw_command(name, term, self._default(1), rngs)
        for name, term in task.disturbances.items():
            pushed = self._default(1)
            self._call(f"disturbances.{name}", term, pushed, rngs)
            moves_base = pushed.base_linear_velocity_w.any() or pushed.base_angular_velocity_w.any()
            if moves_base and (task.robot.is_fixed or self._simulation.model.link_mass_kg[0] == 0.0):
                raise TaskDefinitionError(
                    f"{task.id}: disturbances.{name}: the robot's root is fixed and cannot be pushed; use push_joints"
                )
        read = {getattr(term, "curriculum", None) for term in task.terms().values()}
        for name in task.curriculum:
            if name not in read:
                raise TaskDefinitionError(
                    f"{task.id}: curriculum.{name}: no term follows it; write `curriculum: {name}` at those that shall"
                )
            _refusing(f"{task.id}: curriculum.{name}", self._functions[f"curriculum.{name}"], sample_episodes(task))

    def begin(self, indices: list[int], rngs: Rngs) -> None:
        """Start episodes in the environments `indices`, one generator for each."""
        start, drawn = self._default(len(indices)), {}
        start.levels = self.curricula.levels[indices]
        self._draw(start, rngs, drawn)
        for name, values in drawn.items():
            self.drawn[name][indices] = values
        self._show_commands(start)
        self._simulation.begin(indices, start)
        self.dynamics = start.dynamics
        if self._task.randomizations:
            self._actions.begin(indices, start.dynamics.action_delay_steps)

    def delay_actions(self, actions: np.ndarray) -> np.ndarray | None:
        """Return what the motors get when the policy says `actions`, both (num_envs, num_actions); None: the same."""
        return self._actions.pass_through(actions) if self._task.randomizations else None

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
        task, simulation, dynamics = self._task, self._simulation, self._no_dynamics
        if task.randomizations:  # nothing else may write them
            size = self._observation_size
            dynamics = own_dynamics(task, simulation.model, num_rows=num_rows, observation_size=size)
        return default_start(task, simulation.model, num_rows=num_rows, dynamics=dynamics, terrain=simulation.terrain)

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

    def _draw(self, start: Start, rngs: Rngs, drawn: dict[str, Any]) -> None:
        """Call resets, commands and randomisations; `drawn` gets what the latter drew."""
        task = self._task
        for name, term in task.resets.items():
            self._call(f"resets.{name}", term, start, rngs)
        for name, term in task.commands.items():
            self._draw_command(name, term, start, rngs)
        for name, term in task.randomizations.items():
            values = self._call(f"randomizations.{name}", term, start, rngs)
            drawn[name] = np.zeros(len(rngs)) if values is None else values
            if np.shape(drawn[name]) != (len(rngs),):
                raise TaskDefinitionError(
                    f"{task.id}: randomizations.{name}: returned shape {np.shape(drawn[name])} for {len(rngs)} "
                    f"environments; must be ({len(rngs)},)"
                )

    def _call(self, path: str, term: StartTerm, start: Start, rngs: Rngs) -> Any:
        where, function = f"{self._task.id}: {path}", self._functions[path]
        if not _takes_level(term.function):
            return _refusing(where, function, start, rngs)
        level = np.ones(len(rngs))
        if term.curriculum is not None:
            level = start.levels[:, self.curricula.names.index(term.curriculum)]
        return _refusing(where, function, start, rngs, level=level)

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


def _refusing(where: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a term, which says with a ValueError what it cannot work with. Raises TaskDefinitionError."""
    try:
        return function(*args, **kwargs)
    except ValueError as err:
        raise TaskDefinitionError(f"{where}: {err}") from err


@cache
def _takes_level(function: Callable[..., Any]) -> bool:
    return LEVEL in inspect.signature(function).parameters
