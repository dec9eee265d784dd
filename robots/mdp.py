"""A task in motion: starts episodes, advances them, evaluates the terms. Deterministic given generators.

Owns no randomness and starts no episode by itself; robots/env.py does both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from robots.binding import bind, bind_observations, required_reads
from robots.errors import NonFiniteStateError, TaskDefinitionError
from robots.observing import Observer
from robots.scene import View
from robots.schedule import Schedule
from robots.simulation import Simulation
from robots.small import all_finite, any_true
from robots.starting import Starter
from robots.terms.goals import goal_distance, goal_reward

if TYPE_CHECKING:
    from robots.curriculum import Curricula
    from robots.spec import TaskSpec
    from robots.state import State

NUM_SNAPSHOTS = 8
"""States kept for the report of a NaN; chosen: enough to see a divergence build up."""
TIME_LIMIT = "time_limit"
SUCCESS = "success"
GOAL = "goal"

Rngs = Sequence[np.random.Generator]
"""One generator for each environment, or for each of the rows in question."""


@dataclass(kw_only=True)  # making a frozen one takes three times as long
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
    success: np.ndarray | None
    """(num_envs,) the task is done; None where it has no success."""


class Mdp:
    """A simulation and the terms of a task over it."""

    def __init__(self, task: TaskSpec, *, num_envs: int, first_env_index: int = 0, view: View = View.NONE) -> None:
        """Load the robot and bind the terms. Raises TaskDefinitionError or ModelFileError."""
        self.task = task
        self.num_envs = num_envs
        reads = required_reads(task)
        self.simulation = Simulation(task, num_envs=num_envs, reads=reads, view=view)
        self.step_count = np.zeros(num_envs, dtype=np.int64)
        self._highest_action = np.ones(len(task.robot.action_names))
        self._lowest_action = -self._highest_action
        self._first_env_index = first_env_index
        functions = bind(task, self.simulation.model, reads)
        self._snapshots = [np.zeros_like(self.simulation.state.flat) for _ in range(NUM_SNAPSHOTS - 1)]
        self.observer = Observer(task, functions, num_envs=num_envs)
        starter = Starter(task, functions, self.simulation, observation_size=0)
        starter.settle()
        self._check_shapes(functions)
        self.observer.measure(self.simulation.state)
        functions = bind_observations(task, functions, self.observer.columns)
        self.starter = Starter(task, functions, self.simulation, observation_size=self.observer.size)
        self.observation_low, self.observation_high = self.observer.low, self.observer.high
        self.starter.check()
        self._set_rewards(functions)
        self._set_terminations(functions)
        self._disturbances = {
            name: Schedule(term.interval_s, num_envs=num_envs, control_dt_s=task.control_dt_s)
            for name, term in task.disturbances.items()
        }
        self._resamplings = {
            name: Schedule(term.resample_s, num_envs=num_envs, control_dt_s=task.control_dt_s)
            for name, term in task.commands.items()
            if term.resample_s
        }

    @property
    def curricula(self) -> Curricula:
        """The levels of difficulty."""
        return self.starter.curricula

    def begin(self, indices: list[int], rngs: Rngs) -> np.ndarray:
        """Start an episode in each of the environments, drawing from its own generator, one for each index.

        Returns the first observations, (len(indices), observation_size) float32.
        """
        self.starter.begin(indices, rngs)
        self.step_count[indices] = 0
        for schedule in (*self._disturbances.values(), *self._resamplings.values()):
            schedule.begin(indices, rngs)
        try:
            return self.observer.first(self.simulation.state, indices, rngs, self.starter.dynamics)
        except FloatingPointError as err:
            raise self._not_finite("observation", err.args[0], self.step_count) from None

    def advance(self, actions: np.ndarray, rngs: Rngs) -> Transition:
        """Step all environments; one generator for each. Raises NonFiniteStateError."""
        actions = np.asarray(actions, dtype=np.float64)
        expected = (self.num_envs, len(self.task.robot.action_names))
        if actions.shape != expected:
            raise ValueError(f"actions: shape {actions.shape}; must be {expected}")
        if not all_finite(actions):
            raise self._not_finite("action", {"": actions}, self.step_count + 1)
        self._keep_snapshot()
        clipped = np.minimum(np.maximum(actions, self._lowest_action), self._highest_action)
        self.simulation.step(clipped, late_actions=self.starter.delay_actions(clipped))
        self.step_count += 1
        values = self._evaluate_rewards()
        terminations = self._evaluate_terminations()
        terminated, truncated = self._judge(terminations)
        success = None if self._success is None else self._success(self.simulation.state)
        self._apply_events(rngs)
        observations = self._observe(rngs)
        self._check_rewards(values)
        return Transition(
            observations=observations,
            rewards=values.sum(axis=1).astype(np.float32),
            reward_terms=values,
            terminated=terminated,
            truncated=truncated,
            terminations=terminations,
            success=success,
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
        return state.like(flat).arrays()

    def close(self) -> None:
        """Free the worlds; may be called twice."""
        self.simulation.close()

    def _set_rewards(self, functions: dict[str, Callable[..., Any]]) -> None:
        task = self.task
        self._rewards: list[Callable[[State], np.ndarray]] = [functions[f"rewards.{name}"] for name in task.rewards]
        self._weights = np.array([term.weight for term in task.rewards.values()])
        self.reward_terms = tuple(task.rewards)
        self._success: Callable[[State], np.ndarray] | None = functions.get(SUCCESS)
        if task.goal is not None:
            judge = partial(goal_reward, threshold_m=task.goal.threshold_m, is_sparse=task.goal.reward == "sparse")
            self.reward_of_goals: Callable[..., np.ndarray] = judge
            """Reward for achieved and desired goals (..., goal_size); only of a goal task."""
            threshold_m = task.goal.threshold_m
            self._rewards, self._weights = [lambda state: judge(*self.observer.goals(state))], np.ones(1)
            self.reward_terms = (GOAL,)
            self._success = lambda state: goal_distance(*self.observer.goals(state)) < threshold_m

    def _set_terminations(self, functions: dict[str, Callable[..., Any]]) -> None:
        task = self.task
        terms = [(name, functions[f"terminations.{name}"], not t.truncates) for name, t in task.terminations.items()]
        if task.goal is not None and task.goal.terminates:
            assert self._success is not None
            terms.append((SUCCESS, self._success, True))
        self._terminations = [function for _, function, _ in terms]
        self._terminates = np.array([*(terminates for _, _, terminates in terms), False])
        self.termination_terms = (*(name for name, _, _ in terms), TIME_LIMIT)

    def _check_shapes(self, functions: dict[str, Callable[..., Any]]) -> None:
        for path, function in functions.items():
            group = path.partition(".")[0]
            if group not in ("observations", "goal", "rewards", "terminations", "success"):
                continue
            try:
                shape = np.shape(function(self.simulation.state))
            except (IndexError, ValueError) as err:  # a command that is too short, say
                raise TaskDefinitionError(f"{self.task.id}: {path}: cannot be computed: {err}") from err
            num_axes, expected = (2, "num_envs, dim >= 1") if group in ("observations", "goal") else (1, "num_envs,")
            if len(shape) != num_axes or shape[0] != self.num_envs or shape[-1] == 0:
                raise TaskDefinitionError(
                    f"{self.task.id}: {path}: returned shape {shape} for {self.num_envs} environments; "
                    f"must be ({expected})"
                )

    def _observe(self, rngs: Rngs) -> np.ndarray:
        try:
            return self.observer.next(self.simulation.state, rngs)
        except FloatingPointError as err:
            raise self._not_finite("observation", err.args[0], self.step_count) from None

    def _evaluate_rewards(self) -> np.ndarray:
        state = self.simulation.state
        values = np.empty((self.num_envs, len(self._rewards)))
        for column, function in enumerate(self._rewards):
            values[:, column] = function(state)
        values *= self._weights
        return values

    def _check_rewards(self, values: np.ndarray) -> None:
        if not all_finite(values):
            raise self._not_finite("reward", dict(zip(self.reward_terms, values.T, strict=True)), self.step_count)

    def _evaluate_terminations(self) -> np.ndarray:
        values = np.empty((self.num_envs, len(self.termination_terms)), dtype=bool)
        for column, function in enumerate(self._terminations):
            values[:, column] = function(self.simulation.state)
        values[:, -1] = self.step_count >= self.task.max_episode_steps
        return values

    def _judge(self, terminations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where the MDP ended and where we only stop looking, each (num_envs,)."""
        if not any_true(terminations):
            return np.zeros(self.num_envs, dtype=bool), np.zeros(self.num_envs, dtype=bool)
        terminated = np.logical_or.reduce(terminations & self._terminates, axis=1)
        return terminated, np.logical_or.reduce(terminations, axis=1) & ~terminated

    def _apply_events(self, rngs: Rngs) -> None:
        """Push, and give new commands, where it is time: after the reward for the old ones."""
        for name, schedule in self._disturbances.items():
            if due := schedule.take_due(self.step_count, rngs):
                self.starter.disturb(name, due, [rngs[env] for env in due])
        for name, schedule in self._resamplings.items():
            if due := schedule.take_due(self.step_count, rngs):
                self.starter.resample(name, due, [rngs[env] for env in due])

    def _keep_snapshot(self) -> None:
        oldest = self._snapshots.pop(0)
        oldest[:] = self.simulation.state.flat
        self._snapshots.append(oldest)

    def _not_finite(self, kind: str, values: dict[str, np.ndarray], steps: np.ndarray) -> NonFiniteStateError:
        for name, value in values.items():
            rows = ~np.isfinite(value.reshape(self.num_envs, -1)).all(axis=1)
            if rows.any():
                env = int(rows.argmax())
                return NonFiniteStateError(
                    f"{kind} {name}".strip(),
                    env + self._first_env_index,
                    int(steps[env]),
                    self.last_states(env),
                )
        raise AssertionError(f"{kind}: every value is finite")
