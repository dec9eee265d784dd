"""What training asks of a batch of environments, whatever simulates them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Protocol

import gymnasium
import numpy as np

from robots.env import BatchStep


class Batch(Protocol):
    """`num_envs` environments that begin a new episode by themselves: RobotBatch, or GymBatch for other packages'."""

    @property
    def num_envs(self) -> int:
        """Environments side by side."""
        ...

    @property
    def first_env_index(self) -> int:
        """Index of the first one, counted over all workers."""
        ...

    @property
    def observation_space(self) -> gymnasium.spaces.Box:
        """Of one flat observation; of a goal task [achieved goal, desired goal, observation]."""
        ...

    @property
    def action_space(self) -> gymnasium.Space[Any]:
        """Of one action."""
        ...

    @property
    def goal_size(self) -> int:
        """Length of a goal; 0: not a goal task."""
        ...

    @property
    def curriculum_names(self) -> tuple[str, ...]:
        """Name of each curriculum, in the order of the columns of `levels`."""
        ...

    @property
    def max_episode_steps(self) -> int | None:
        """Time limit in steps; None where it is not known."""
        ...

    @property
    def has_success(self) -> bool:
        """Whether an episode succeeds or fails besides having a return."""
        ...

    @property
    def control_dt_s(self) -> float:
        """Time of one step."""
        ...

    @property
    def levels(self) -> np.ndarray:
        """(num_envs, num_curricula) in 0..1; to be read only."""
        ...

    @property
    def engine_s(self) -> float:
        """Seconds that the physics engine has taken so far, on each core that simulates; 0 where that is not known."""
        ...

    def reset(self) -> np.ndarray:
        """Begin an episode everywhere; return the observations (num_envs, observation_size), float32."""
        ...

    def step(self, actions: np.ndarray) -> BatchStep:
        """Advance one step."""
        ...

    def reseed(self, *key: int) -> None:
        """Give every environment a new generator."""
        ...

    def rebuild(self, *key: int) -> np.ndarray:
        """Begin anew, so that nothing of the past is left; return the observations."""
        ...

    def set_levels(self, levels: np.ndarray) -> None:
        """Put every curriculum at its level (num_envs, num_curricula)."""
        ...

    def compute_reward(self, achieved: np.ndarray, desired: np.ndarray, info: object) -> np.ndarray:
        """Return the reward for goals (..., goal_size); only of a goal task."""
        ...

    def close(self) -> None:
        """Free everything; may be called twice."""
        ...


@dataclass(frozen=True, kw_only=True)
class BatchFacts:
    """What is known of a batch once it is made, for those who have it in another process."""

    observation_space: gymnasium.spaces.Box
    action_space: gymnasium.Space[Any]
    goal_size: int
    curriculum_names: tuple[str, ...]
    max_episode_steps: int | None
    has_success: bool
    control_dt_s: float

    @classmethod
    def of(cls, batch: Batch) -> BatchFacts:
        """Return the facts of a batch."""
        return cls(**{each.name: getattr(batch, each.name) for each in fields(cls)})
