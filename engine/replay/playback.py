"""Play episodes with a policy, one control step at a time. The window and the video are made of it."""

from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np


class Stage(Protocol):
    """The environment that is played in: a RobotEnv, or another package's."""

    @property
    def control_dt_s(self) -> float:
        """Time of one step."""
        ...

    def reset(self, *, seed: int | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; return the observation, by name where the task has goals, and an info."""
        ...

    def step(self, action: np.ndarray) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Advance one step as Gymnasium does; on the last one `info["termination"]` names what ended the episode."""
        ...

    def picture(self, *, width: int, height: int) -> np.ndarray:
        """Return a picture (height, width, 3), uint8; of another size where the stage cannot draw that one."""
        ...


AnyStage = TypeVar("AnyStage", bound=Stage)


class Actor(Protocol):
    """What decides on actions."""

    def act(self, observations: np.ndarray | dict[str, np.ndarray]) -> np.ndarray:
        """Return actions (num_envs, action_size) for raw observations (num_envs, observation_size).

        The observations are by name where the task has goals.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class PlayedEpisode:
    """An episode that ended."""

    episode_return: float
    """Sum of rewards."""
    num_steps: int
    """Control steps."""
    termination: str
    """Termination term, or `time_limit`."""


@dataclass(frozen=True, kw_only=True)
class PlayedStep:
    """A control step that was taken."""

    action: np.ndarray
    """What the policy decided, as the environment takes it."""
    reward_terms: dict[str, float]
    """Weighted reward terms; just `reward` where the environment tells no terms."""


class Playback(Generic[AnyStage]):
    """Episodes of one environment, one after the other. Call `step`, and `begin` after one has ended."""

    def __init__(self, env: AnyStage, policy: Actor, *, seed: int) -> None:
        self.env = env
        self.episodes: list[PlayedEpisode] = []
        """Episodes that ended."""
        self.num_steps = 0
        """Control steps of all episodes."""
        self.last_step: PlayedStep | None = None
        """The latest step of the episode under way."""
        self._policy = policy
        self._seed: int | None = seed
        self.begin()

    @property
    def episode_return(self) -> float:
        """Sum of the rewards of the episode so far."""
        return self._return

    @property
    def num_episode_steps(self) -> int:
        """Control steps of the episode so far."""
        return self._num_episode_steps

    @property
    def control_dt_s(self) -> float:
        """Time of one control step."""
        return self.env.control_dt_s

    def begin(self) -> None:
        """Begin the next episode; one that is under way is dropped."""
        # Only the first reset is seeded: the later ones draw from the same generator, so all follow from one seed.
        self._observation, _ = self.env.reset(seed=self._seed)
        self._seed = None
        self._return = 0.0
        self._num_episode_steps = 0
        self.last_step = None

    def step(self) -> PlayedEpisode | None:
        """Advance one control step; return the episode when it ended with it."""
        observation = self._observation
        is_by_name = isinstance(observation, dict)
        batch = {name: part[None] for name, part in observation.items()} if is_by_name else observation[None]
        action = self._policy.act(batch)[0]
        self._observation, reward, terminated, truncated, info = self.env.step(action)
        self.num_steps += 1
        self._num_episode_steps += 1
        self._return += reward
        self.last_step = PlayedStep(action=action, reward_terms=info.get("reward_terms", {"reward": reward}))
        if not (terminated or truncated):
            return None
        episode = PlayedEpisode(
            episode_return=self._return, num_steps=self._num_episode_steps, termination=info["termination"]
        )
        self.episodes.append(episode)
        return episode
