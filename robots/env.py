"""The only environment: RobotBatch runs many at once, RobotEnv is its Gymnasium face for one.

Neither trains nor normalises. Called by samplers, by replay and, through Gymnasium, by anybody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np

from robots.errors import RobotError
from robots.mdp import Mdp, Transition
from robots.registry import load_task
from robots.scene import View

if TYPE_CHECKING:
    from robots.spec import TaskSpec


@dataclass(frozen=True, kw_only=True)
class EpisodeRecord:
    """One finished episode."""

    env_index: int
    """Counts over all workers: first_env_index + row."""
    episode_return: float
    """Sum of the rewards."""
    length_steps: int
    reward_sums: dict[str, float]
    """Weighted sum of each reward term; together they are the return."""
    termination: str
    """Name of the termination term, or "time_limit"."""
    terminated: bool
    """False if the episode was truncated."""
    success: bool | None = None
    """Whether the task was done in the last state; None where it has no success."""
    randomizations: dict[str, float] = field(default_factory=dict)
    """What each randomisation term drew."""


@dataclass(kw_only=True)  # making a frozen one takes three times as long
class BatchStep:
    """What one step of a batch led to; every array is new."""

    observations: np.ndarray
    """(num_envs, observation_size) float32; where an episode ended, the first of the next one."""
    rewards: np.ndarray
    """(num_envs,) float32."""
    terminated: np.ndarray
    """(num_envs,) bool: the MDP ended."""
    truncated: np.ndarray
    """(num_envs,) bool: we stopped looking; bootstrap from final_observations."""
    final_observations: np.ndarray
    """(num_envs, observation_size) float32; valid where an episode ended: its last observation."""
    episodes: list[EpisodeRecord]
    """Episodes that ended in this step."""


class RobotBatch:
    """`num_envs` environments of one task that begin a new episode by themselves.

    Each has its own generator, seeded by its index over all workers: results do not depend on how
    environments are divided into batches.
    """

    def __init__(
        self, task: TaskSpec, *, num_envs: int, seed: int, first_env_index: int = 0, is_training: bool = False
    ) -> None:
        """Load the worlds. Call reset before step. Only in training curricula begin low and move; else all is at 1."""
        self.task = task
        self.num_envs = num_envs
        self.first_env_index = first_env_index
        self.mdp = Mdp(task, num_envs=num_envs, first_env_index=first_env_index)
        self._has_curricula = is_training and bool(task.curriculum)
        if is_training:
            self.mdp.curricula.begin_training()
        self.reward_terms = self.mdp.reward_terms
        self.termination_terms = self.mdp.termination_terms
        self.observation_space, self.action_space = _flat_space(self.mdp), _action_space(self.mdp)
        self.goal_size = goal_size(self.mdp)
        self.curriculum_names = tuple(task.curriculum)
        self.max_episode_steps, self.control_dt_s = task.max_episode_steps, task.control_dt_s
        self.has_success = task.has_success
        self._reward_sums = np.zeros((num_envs, len(self.reward_terms)))
        self._rngs: list[np.random.Generator] = []
        self.reseed(seed)

    def reset(self) -> np.ndarray:
        """Begin an episode everywhere; return the observations (num_envs, observation_size), float32."""
        return self.begin(list(range(self.num_envs)))

    def begin(self, rows: list[int]) -> np.ndarray:
        """Begin an episode in some environments; return their observations (len(rows), observation_size), float32."""
        self._reward_sums[rows] = 0.0
        return self.mdp.begin(rows, [self._rngs[row] for row in rows])

    def step(self, actions: np.ndarray) -> BatchStep:
        """Advance one step with actions (num_envs, action_size), which are clipped to [-1, 1].

        Raises NonFiniteStateError.
        """
        transition = self.mdp.advance(actions, self._rngs)
        self._reward_sums += transition.reward_terms
        observations = final_observations = transition.observations
        has_ended = (transition.terminated | transition.truncated).tolist()
        ended = [env for env in range(self.num_envs) if has_ended[env]]
        episodes = [self._record(transition, env) for env in ended]
        if ended:
            if self._has_curricula:
                self._move_levels(transition, ended)
            observations = final_observations.copy()
            observations[ended] = self.begin(ended)
        return BatchStep(
            observations=observations,
            rewards=transition.rewards,
            terminated=transition.terminated,
            truncated=transition.truncated,
            final_observations=final_observations,
            episodes=episodes,
        )

    def reseed(self, *key: int) -> None:
        """Give every environment a new generator; it depends on the key and the environment's index."""
        # The key's length comes first, because SeedSequence does not tell (1,) from (1, 0).
        self._rngs = [
            np.random.default_rng(np.random.SeedSequence((len(key), *key), spawn_key=(self.first_env_index + row,)))
            for row in range(self.num_envs)
        ]

    def rebuild(self, *key: int) -> np.ndarray:
        """Load the worlds anew, reseed and reset; what follows depends on the key and the actions only.

        Episodes under way are dropped. Returns the observations.
        """
        self.mdp.simulation.rebuild()
        self.reseed(*key)
        return self.reset()

    def close(self) -> None:
        """Free the worlds; may be called twice."""
        self.mdp.close()

    @property
    def levels(self) -> np.ndarray:
        """(num_envs, num_curricula) how hard each curriculum is, 0..1; to be read only."""
        return self.mdp.curricula.levels

    def set_levels(self, levels: np.ndarray) -> None:
        """Put every curriculum at its level (num_envs, num_curricula)."""
        self.mdp.curricula.levels[:] = levels

    @property
    def engine_s(self) -> float:
        """Seconds in motor commands and the engine's steps since the worlds were loaded first."""
        return self.mdp.simulation.engine_s

    def compute_reward(self, achieved: np.ndarray, desired: np.ndarray, info: object) -> np.ndarray:
        """Return the reward for goals (..., goal_size), as hindsight experience replay asks for it; a goal task's."""
        return self.mdp.reward_of_goals(achieved, desired)

    def _move_levels(self, transition: Transition, rows: list[int]) -> None:
        mdp, state = self.mdp, self.mdp.simulation.state
        moved = state.base_position_w[rows, :2] - state.start.base_position_w[rows, :2]
        ended = {
            "length_steps": mdp.step_count[rows],
            "max_steps": self.task.max_episode_steps,
            "reward_sums": dict(zip(self.reward_terms, self._reward_sums[rows].T, strict=True)),
            "reward_weights": {name: term.weight for name, term in self.task.rewards.items()},
            "success": None if transition.success is None else transition.success[rows],
            "distance_m": np.linalg.norm(moved, axis=1),
        }
        mdp.curricula.update(rows, ended)

    def _record(self, transition: Transition, env: int) -> EpisodeRecord:
        sums = self._reward_sums[env].tolist()
        return EpisodeRecord(
            env_index=self.first_env_index + env,
            episode_return=sum(sums),
            length_steps=int(self.mdp.step_count[env]),
            reward_sums=dict(zip(self.reward_terms, sums, strict=True)),
            termination=self.mdp.termination_of(transition, env),
            terminated=bool(transition.terminated[env]),
            success=None if transition.success is None else bool(transition.success[env]),
            randomizations={name: float(drawn[env]) for name, drawn in self.mdp.starter.drawn.items()},
        )


Observation = np.ndarray | dict[str, np.ndarray]
_VIEWS = {None: View.NONE, "rgb_array": View.PICTURES, "human": View.WINDOW}
"""By render mode."""


class RobotEnv(gymnasium.Env[Observation, np.ndarray]):
    """One environment with Gymnasium's interface; `info["reward_terms"]` has the weighted terms.

    On the last step of an episode `info["termination"]` names what ended it. A task with success tells it at every step
    in `info["is_success"]`. Observations of a goal task are dicts, as in Gymnasium-Robotics.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array", "human"], "render_fps": 50}  # noqa: RUF012

    def __init__(self, task: TaskSpec | str, render_mode: str | None = None) -> None:
        """Load a task by its id or specification. Raises RobotError for "human" without a display."""
        if render_mode not in _VIEWS:
            raise RobotError(f"render_mode: {render_mode!r}; allowed: None, 'rgb_array', 'human'")
        self.task = load_task(task) if isinstance(task, str) else task
        self.render_mode = render_mode
        self.control_dt_s = self.task.control_dt_s
        self.metadata = {**RobotEnv.metadata, "render_fps": round(1 / self.control_dt_s)}
        self.mdp = Mdp(self.task, num_envs=1, view=_VIEWS[render_mode])
        self.goal_size = goal_size(self.mdp)
        flat = _flat_space(self.mdp)
        self.observation_space: gymnasium.Space[Any] = goal_space(flat, self.goal_size) if self.goal_size else flat
        self.action_space = _action_space(self.mdp)
        if self.goal_size:  # libraries take an environment that has the method for a goal environment
            self.compute_reward = self._compute_reward

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; return the observation (observation_size,), float32, and an empty info."""
        super().reset(seed=seed)
        return self._dress(self.mdp.begin([0], [self.np_random])[0]), {}

    def step(self, action: np.ndarray) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Advance one step with an action (action_size,), clipped to [-1, 1]. Raises NonFiniteStateError."""
        transition = self.mdp.advance(np.asarray(action)[None], [self.np_random])
        terminated, truncated = bool(transition.terminated[0]), bool(transition.truncated[0])
        terms = zip(self.mdp.reward_terms, transition.reward_terms[0].tolist(), strict=True)
        info: dict[str, Any] = {"reward_terms": dict(terms)}
        if terminated or truncated:
            info["termination"] = self.mdp.termination_of(transition, 0)
        if transition.success is not None:
            info["is_success"] = bool(transition.success[0])
        return self._dress(transition.observations[0]), float(transition.rewards[0]), terminated, truncated, info

    def _compute_reward(self, achieved_goal: np.ndarray, desired_goal: np.ndarray, info: object) -> np.ndarray:
        return self.mdp.reward_of_goals(achieved_goal, desired_goal)

    def render(self) -> np.ndarray | None:  # type: ignore[override]
        """Return a picture (480, 640, 3) uint8, or move the window's camera; never waits."""
        from robots.render import follow_with_window

        if self.render_mode == "rgb_array":
            return self.picture(width=640, height=480)
        if self.render_mode == "human":
            follow_with_window(self.mdp.simulation)
        return None

    def picture(self, *, width: int, height: int) -> np.ndarray:
        """Return a picture (height, width, 3), uint8. Raises RobotError where the environment was made to be unseen."""
        if self.render_mode is None:
            raise RobotError("render_mode: None; there is nothing to draw, make the environment with 'rgb_array'")
        from robots.render import render_rgb

        return render_rgb(self.mdp.simulation, 0, width=width, height=height)

    def close(self) -> None:
        """Free the world; may be called twice."""
        self.mdp.close()

    def _dress(self, observation: np.ndarray) -> Observation:
        return split_goals(observation, self.goal_size) if self.goal_size else observation


def goal_size(mdp: Mdp) -> int:
    """Return the length of a goal; 0 where the task has none."""
    return mdp.task.commands[mdp.task.goal.command].size if mdp.task.goal else 0


def split_goals(observations: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """Return a goal task's observations (..., observation_size) by name, as views."""
    return {
        "observation": observations[..., 2 * size :],
        "achieved_goal": observations[..., :size],
        "desired_goal": observations[..., size : 2 * size],
    }


def goal_space(flat: gymnasium.spaces.Box, size: int) -> gymnasium.spaces.Dict:
    """Return the space of observations that split_goals has split."""
    bounds = zip(split_goals(flat.low, size).items(), split_goals(flat.high, size).values(), strict=True)
    return gymnasium.spaces.Dict(
        {name: gymnasium.spaces.Box(low, high, dtype=np.float32) for (name, low), high in bounds}
    )


def _flat_space(mdp: Mdp) -> gymnasium.spaces.Box:
    low, high = mdp.observation_low.astype(np.float32), mdp.observation_high.astype(np.float32)
    return gymnasium.spaces.Box(low, high, dtype=np.float32)


def _action_space(mdp: Mdp) -> gymnasium.spaces.Box:
    return gymnasium.spaces.Box(-1.0, 1.0, shape=(len(mdp.task.robot.action_names),), dtype=np.float32)
