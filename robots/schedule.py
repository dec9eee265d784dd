"""Events inside an episode that come after times drawn for each environment: new commands and pushes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class Schedule:
    """For each environment the step at which a term is due next."""

    def __init__(self, interval_s: tuple[float, float], *, num_envs: int, control_dt_s: float) -> None:
        self._interval_steps = (interval_s[0] / control_dt_s, interval_s[1] / control_dt_s)
        self._due = np.zeros(num_envs, dtype=np.int64)

    def begin(self, indices: list[int], rngs: Sequence[np.random.Generator]) -> None:
        """Draw the first time of new episodes; one generator for each index."""
        self._due[indices] = [self._draw(rng) for rng in rngs]

    def take_due(self, step_count: np.ndarray, rngs: Sequence[np.random.Generator]) -> list[int]:
        """Return the environments that are due, and draw their next times; one generator for each environment."""
        due = np.flatnonzero(self._due <= step_count).tolist()
        for index in due:
            self._due[index] = step_count[index] + self._draw(rngs[index])
        return due

    def _draw(self, rng: np.random.Generator) -> int:
        return max(1, round(rng.uniform(*self._interval_steps)))
