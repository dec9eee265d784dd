"""Any other package's Gymnasium environment: `gym:ENV_ID`, or `gym:module:ENV_ID` to import its package first.

GymEnv gives one environment flat observations, GymBatch runs many. Actions stay as the environment has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from robots.env import BatchStep, EpisodeRecord, Observation, split_goals
from robots.errors import NonFiniteStateError, RobotError, TaskDefinitionError, UnknownTaskError

PREFIX = "gym:"
GOAL_KEYS = ("achieved_goal", "desired_goal", "observation")
DEFAULT_FPS = 30.0
"""chosen: pictures a second of an environment that does not say its `render_fps`."""


class GymEnv:
    """One environment by its id without the prefix, with flat observations; goals come first, as in a goal task."""

    def __init__(self, env_id: str, params: Mapping[str, Any] | None = None, *, render_mode: str | None = None) -> None:
        """Make it with `params` as its keywords.

        Raises UnknownTaskError when Gymnasium cannot, TaskDefinitionError for spaces that nobody can learn with.
        """
        self.name = f"{PREFIX}{env_id}"
        mode = {"render_mode": render_mode} if render_mode else {}  # some environments take no None
        self._env = _make(env_id, {**(params or {}), **mode})
        self.action_space = _checked_actions(self._env.action_space, self.name)
        self.goal_size = _goal_size(self._env)
        self.observation_space = _flat_space(self._env.observation_space, self.goal_size, self.name)
        self.max_episode_steps = self._env.spec.max_episode_steps if self._env.spec else None
        self.control_dt_s = 1.0 / float(self._env.metadata.get("render_fps") or DEFAULT_FPS)
        """Time between two pictures, which is that of a step wherever packages keep to the convention."""
        self.render_mode = render_mode

    def reset(self, *, seed: int | None = None) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; return the observation as a policy takes it, by name where there are goals."""
        return self._dress(self.begin(seed)), {}

    def step(self, action: np.ndarray) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Advance one step; on the last one `info["termination"]` says how the episode ended."""
        observation, reward, terminated, truncated, info = self.advance(action)
        if terminated or truncated:
            info = {**info, "termination": "terminated" if terminated else "time_limit"}
        return self._dress(observation), reward, terminated, truncated, info

    def begin(self, seed: int | None) -> np.ndarray:
        """Begin an episode; return the flat observation, float32."""
        observation, _ = self._env.reset(seed=seed)
        return self._flatten(observation)

    def advance(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Advance one step; the observation is flat. An episode that terminates is not truncated."""
        observation, reward, terminated, truncated, info = self._env.step(action)
        terminated = bool(terminated)
        return self._flatten(observation), float(reward), terminated, bool(truncated) and not terminated, info

    def compute_reward(self, achieved: np.ndarray, desired: np.ndarray, info: Any) -> np.ndarray:
        """Return the reward for goals (..., goal_size), as the environment computes it."""
        return np.asarray(self._env.get_wrapper_attr("compute_reward")(achieved, desired, info))

    def picture(self, *, width: int, height: int) -> np.ndarray:
        """Return a picture (any height, any width, 3), uint8: the environment decides on its size.

        Raises RobotError when it draws none.
        """
        try:
            picture: object = self._env.render()
        except Exception as err:
            # A drawing library may be missing, which the reason says.
            raise RobotError(f"{self.name}: cannot draw: {err}") from err
        if not isinstance(picture, np.ndarray) or picture.ndim != 3:
            raise RobotError(f"{self.name}: drew no picture; `rlrobo evaluate` shows what its policy can do.")
        return picture[..., :3]

    def close(self) -> None:
        """Close the environment; may be called twice."""
        self._env.close()

    def _dress(self, observation: np.ndarray) -> Observation:
        return split_goals(observation, self.goal_size) if self.goal_size else observation

    def _flatten(self, observation: Any) -> np.ndarray:
        if self.goal_size:
            return np.concatenate([np.ravel(observation[key]) for key in GOAL_KEYS]).astype(np.float32)
        return np.asarray(spaces.flatten(self._env.observation_space, observation), dtype=np.float32)


class GymBatch:
    """`num_envs` environments that begin a new episode by themselves, each with seeds of its own."""

    curriculum_names: tuple[str, ...] = ()
    engine_s = 0.0
    """What simulates is not known, nor how long it takes."""

    def __init__(
        self,
        env_id: str,
        params: Mapping[str, Any] | None = None,
        *,
        num_envs: int,
        seed: int,
        first_env_index: int = 0,
    ) -> None:
        """Make them with `params` as their keywords. Raises UnknownTaskError and TaskDefinitionError."""
        self._env_id, self._params = env_id, params
        self.num_envs, self.first_env_index = num_envs, first_env_index
        self.levels = np.ones((num_envs, 0))
        self._envs = [GymEnv(env_id, params) for _ in range(num_envs)]
        first = self._envs[0]
        self.observation_space, self.action_space = first.observation_space, first.action_space
        self.goal_size, self.has_success = first.goal_size, bool(first.goal_size)
        self.max_episode_steps, self.control_dt_s = first.max_episode_steps, first.control_dt_s
        self._returns, self._lengths = np.zeros(num_envs), np.zeros(num_envs, dtype=np.int64)
        self._seeds: list[int | None] = []
        self.reseed(seed)

    def reset(self) -> np.ndarray:
        """Begin an episode everywhere; return the observations (num_envs, observation_size), float32."""
        return np.stack([self._begin(row) for row in range(self.num_envs)])

    def step(self, actions: np.ndarray) -> BatchStep:
        """Advance one step with actions (num_envs, ...) of the environment's action space. Raises NonFiniteStateError.

        Numbers are not clipped: whoever acts does that, as Stable-Baselines3's algorithms do.
        """
        firsts, finals, endings, episodes = [], [], [], []
        rewards = np.zeros(self.num_envs, dtype=np.float32)
        for row, (env, action) in enumerate(zip(self._envs, actions, strict=True)):
            observation, reward, terminated, truncated, info = env.advance(action)
            self._returns[row] += reward
            self._lengths[row] += 1
            self._check_finite(row, observation, reward, action)
            finals.append(observation)
            rewards[row] = reward
            endings.append((terminated, truncated))
            if terminated or truncated:
                episodes.append(self._record(row, is_terminated=terminated, info=info))
                observation = self._begin(row)
            firsts.append(observation)
        ended = np.array(endings, dtype=bool)
        return BatchStep(
            observations=np.stack(firsts),
            rewards=rewards,
            terminated=ended[:, 0],
            truncated=ended[:, 1],
            final_observations=np.stack(finals),
            episodes=episodes,
        )

    def reseed(self, *key: int) -> None:
        """Give every environment a new seed for its next episode; it depends on the key and the environment's index."""
        # The key's length comes first, because SeedSequence does not tell (1,) from (1, 0).
        indices = range(self.first_env_index, self.first_env_index + self.num_envs)
        sequences = [np.random.SeedSequence((len(key), *key), spawn_key=(index,)) for index in indices]
        self._seeds = [int(sequence.generate_state(1)[0]) for sequence in sequences]

    def rebuild(self, *key: int) -> np.ndarray:
        """Make the environments anew, reseed and reset; return the observations."""
        self.close()
        self._envs = [GymEnv(self._env_id, self._params) for _ in range(self.num_envs)]
        self.reseed(*key)
        return self.reset()

    def set_levels(self, levels: np.ndarray) -> None:
        """Do nothing: there are no curricula."""

    def compute_reward(self, achieved: np.ndarray, desired: np.ndarray, info: object) -> np.ndarray:
        """Return the reward for goals (..., goal_size), as the environment computes it."""
        return self._envs[0].compute_reward(achieved, desired, info)

    def close(self) -> None:
        """Close the environments; may be called twice."""
        for env in self._envs:
            env.close()
        self._envs = []

    def _begin(self, row: int) -> np.ndarray:
        self._returns[row], self._lengths[row] = 0.0, 0
        seed, self._seeds[row] = self._seeds[row], None  # the environment's own generator goes on from there
        observation = self._envs[row].begin(seed)
        self._check_finite(row, observation, 0.0, np.zeros(1))
        return observation

    def _record(self, row: int, *, is_terminated: bool, info: dict[str, Any]) -> EpisodeRecord:
        return EpisodeRecord(
            env_index=self.first_env_index + row,
            episode_return=float(self._returns[row]),
            length_steps=int(self._lengths[row]),
            reward_sums={"reward": float(self._returns[row])},
            termination="terminated" if is_terminated else "time_limit",
            terminated=is_terminated,
            success=bool(info["is_success"]) if "is_success" in info else None,
        )

    def _check_finite(self, row: int, observation: np.ndarray, reward: float, action: Any) -> None:
        is_observed = bool(np.isfinite(observation).all())
        if is_observed and np.isfinite(reward):
            return
        states = {"observation": observation[None], "action": np.atleast_1d(action)[None]}
        what, index = "reward" if is_observed else "observation", self.first_env_index + row
        raise NonFiniteStateError(what, index, int(self._lengths[row]), states)


def _make(env_id: str, keywords: Mapping[str, Any]) -> gymnasium.Env[Any, Any]:
    try:
        return gymnasium.make(env_id, disable_env_checker=True, **keywords)
    except Exception as err:
        # Whatever a stranger's code raises, it must become a sentence.
        reason = str(err).strip() or type(err).__name__
        raise UnknownTaskError(
            f"{PREFIX}{env_id}: Gymnasium cannot make it: {reason}{'' if reason[-1] in '.?!' else '.'} Check its id, "
            f"install its package here, and write {PREFIX}MODULE:ENV_ID where a module must be imported first."
        ) from err


def _goal_size(env: gymnasium.Env[Any, Any]) -> int:
    space = env.observation_space
    if not isinstance(space, spaces.Dict) or set(space.spaces) != set(GOAL_KEYS):
        return 0
    achieved, desired, _ = parts = [space[key] for key in GOAL_KEYS]
    has_vectors = all(isinstance(part, spaces.Box) for part in parts) and achieved.shape == desired.shape
    return int(np.prod(achieved.shape or (1,))) if has_vectors and env.has_wrapper_attr("compute_reward") else 0


def _flat_space(space: gymnasium.Space[Any], goal_size: int, name: str) -> spaces.Box:
    try:
        flat = spaces.flatten_space(space)
    except NotImplementedError:
        flat = space
    if not isinstance(flat, spaces.Box):
        raise TaskDefinitionError(
            f"{name}: its observations are {space}, which have no fixed length; wrap the environment so that it "
            "gives a vector of numbers."
        )
    low, high = flat.low, flat.high
    if goal_size:
        assert isinstance(space, spaces.Dict)
        parts = [space[key] for key in GOAL_KEYS]
        low, high = (np.concatenate([np.ravel(getattr(part, end)) for part in parts]) for end in ("low", "high"))
    with np.errstate(over="ignore"):  # a bound beyond float32 is none
        return spaces.Box(low.astype(np.float32), high.astype(np.float32), dtype=np.float32)


def _checked_actions(space: gymnasium.Space[Any], name: str) -> gymnasium.Space[Any]:
    """Return the space if Stable-Baselines3 has algorithms for it. Raises TaskDefinitionError."""
    if isinstance(space, spaces.Box):
        if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
            raise TaskDefinitionError(f"{name}: its actions have no finite bounds ({space}); wrap it to set some.")
        return space
    is_plain = isinstance(space, spaces.Discrete) and space.start == 0
    is_several = isinstance(space, spaces.MultiDiscrete) and space.nvec.ndim == 1 and not space.start.any()
    is_switches = isinstance(space, spaces.MultiBinary) and isinstance(space.n, int)
    if not (is_plain or is_several or is_switches):
        raise TaskDefinitionError(
            f"{name}: its actions are {space}; allowed: Box, and Discrete, MultiDiscrete and MultiBinary that count "
            "from 0; wrap it to change them."
        )
    return space
