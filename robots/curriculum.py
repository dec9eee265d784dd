"""Levels of difficulty, one number in 0..1 for each environment and curriculum, that follow what it achieves.

Each environment has its own level, so that results do not depend on how environments are divided among processes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from robots.spec import TaskSpec


@dataclass(frozen=True, kw_only=True)
class EndedEpisodes:
    """Episodes that have just ended, one for each row; what curriculum terms judge by."""

    length_steps: np.ndarray
    """(num_rows,)."""
    max_steps: int
    """Time limit."""
    reward_sums: Mapping[str, np.ndarray]
    """(num_rows,) weighted sum of each reward term over the episode."""
    reward_weights: Mapping[str, float]
    success: np.ndarray | None
    """(num_rows,) bool; None where the task has no success."""
    distance_m: np.ndarray
    """(num_rows,) from where the base began to where it is, over ground."""
    level: np.ndarray
    """(num_rows,) this curriculum's level during the episode."""


def sample_episodes(task: TaskSpec) -> EndedEpisodes:
    """Return one episode such as `task` has them, to try curriculum terms on."""
    nothing = np.zeros(1)
    return EndedEpisodes(
        length_steps=np.ones(1, dtype=np.int64),
        max_steps=task.max_episode_steps,
        reward_sums=dict.fromkeys(task.rewards, nothing),
        reward_weights={name: term.weight for name, term in task.rewards.items()},
        success=np.zeros(1, dtype=bool) if task.has_success else None,
        distance_m=nothing,
        level=nothing,
    )


class Curricula:
    """The levels of a batch."""

    def __init__(self, task: TaskSpec, functions: Mapping[str, Callable[..., Any]], *, num_envs: int) -> None:
        """Begin at level 1, which is the task itself."""
        self.names = tuple(task.curriculum)
        self.levels = np.ones((num_envs, len(self.names)))
        """(num_envs, num_curricula)."""
        self._starts = [term.start for term in task.curriculum.values()]
        self._functions = [functions[f"curriculum.{name}"] for name in self.names]

    def begin_training(self) -> None:
        """Put every environment at the level where training begins."""
        self.levels[:] = self._starts

    def update(self, indices: list[int], ended: Mapping[str, Any]) -> None:
        """Move the levels of environments whose episodes ended; `ended` is what EndedEpisodes holds but the level."""
        for column, function in enumerate(self._functions):
            level = self.levels[indices, column]
            change = function(EndedEpisodes(**ended, level=level))
            self.levels[indices, column] = np.clip(level + change, 0.0, 1.0)
