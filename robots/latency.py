"""Values that come late: each environment reads what was written some control steps ago."""

from __future__ import annotations

import numpy as np


class DelayLine:
    """Remembers the last values of each environment."""

    def __init__(self, *, num_envs: int, size: int) -> None:
        self._past = np.zeros((num_envs, 1, size))
        """(num_envs, steps back, size)."""
        self._delay_steps = np.zeros(num_envs, dtype=np.int64)

    def begin(self, indices: list[int], delay_steps: np.ndarray, values: np.ndarray | float = 0.0) -> None:
        """Set the delays (num_rows,) of new episodes, before which the value was `values`, (num_rows, size)."""
        missing = int(delay_steps.max(initial=0)) + 1 - self._past.shape[1]
        if missing > 0:
            self._past = np.pad(self._past, ((0, 0), (0, missing), (0, 0)), mode="edge")
        self._past[indices] = np.asarray(values)[..., None, :] if np.ndim(values) else values
        self._delay_steps[indices] = delay_steps

    def pass_through(self, values: np.ndarray, rows: slice | list[int] = slice(None)) -> np.ndarray:
        """Take the present values (num_rows, size) of the environments `rows`; return the late ones."""
        self._past[rows, 1:] = self._past[rows, :-1]
        self._past[rows, 0] = values
        delays = self._delay_steps[rows]
        return self._past[rows][np.arange(len(delays)), delays]
