"""A metric's history as NumPy columns with its moving average: each call only works on what is new."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rlrobo_tui.run_view import Restart
from rlrobo_tui.series import Series

Floats = NDArray[np.float64]
_BLOCK = 64
_BITS = 54
"""What is taken from 1 changes a double only where it is more than half of its last bit, 2**-54."""


class History:
    """Copies of a Series that grow with it, and its exponential moving average.

    The average is corrected for the bias of its start as in Adam (arXiv:1412.6980, algorithm 1), and begins anew
    where an engine went on from a checkpoint.
    """

    def __init__(self, weight: float) -> None:
        """`weight` is that of the past, 0 to below 1; 0 leaves the values as they are."""
        self.weight = weight
        self._key: tuple[int, int, tuple[Restart, ...]] = (0, 0, ())
        self._rows = np.empty((4, 0))
        self._length = 0
        self._average = _Average(weight)
        self.breaks: list[int] = []
        """Index of the first point after each restart."""

    def update(self, series: Series, restarts: Sequence[Restart]) -> None:
        """Take over what is new in `series`."""
        key = (id(series), series.num_rewinds, tuple(restarts))
        if key != self._key:
            self._key, self._length = key, 0
            self._begin()
        new = np.frombuffer(series.rows_from(self._length)).reshape(-1, 3)
        if not len(new):
            return
        start, self._length = self._length, self._length + len(new)
        if self._length > self._rows.shape[1]:
            grown = np.empty((4, max(1024, 2 * self._length)))
            grown[:, :start] = self._rows[:, :start]
            self._rows = grown
        self._rows[:3, start : self._length] = new.T
        self._smooth(start, restarts)

    def use(self, weight: float) -> None:
        """Average what is there, and what comes, with another weight."""
        if weight != self.weight:
            self.weight = weight
            self._begin()
            self._smooth(0, self._key[-1])

    @property
    def steps(self) -> Floats:
        """Step of each point."""
        return self._rows[0, : self._length]

    @property
    def times(self) -> Floats:
        """Seconds since 1970 (UTC) of each point."""
        return self._rows[1, : self._length]

    @property
    def values(self) -> Floats:
        """Each value as it was measured."""
        return self._rows[2, : self._length]

    @property
    def smooth(self) -> Floats:
        """The moving average at each point."""
        return self._rows[3, : self._length]

    def _begin(self) -> None:
        self.breaks, self._average = [], _Average(self.weight)

    def _smooth(self, start: int, restarts: Sequence[Restart]) -> None:
        after = np.searchsorted(self.steps, [restart.step for restart in restarts], side="right")
        for index in sorted({int(index) for index in after if start <= index < self._length}):
            if index:
                self.breaks.append(index)
            self._smooth_part(start, index)
            start, self._average = index, _Average(self.weight)
        self._smooth_part(start, self._length)

    def _smooth_part(self, start: int, end: int) -> None:
        if end > start:
            self._rows[3, start:end] = self._average.extend(self._rows[2, start:end])


class _Average:
    """The moving average of a stream of values, in blocks: NumPy has no recursive filter."""

    def __init__(self, weight: float) -> None:
        self._weight = weight
        self._sum, self._count = 0.0, 0
        powers = weight ** np.arange(_BLOCK + 1)
        distance = np.subtract.outer(np.arange(_BLOCK), np.arange(_BLOCK))
        self._kernel = np.where(distance >= 0, (1 - weight) * powers[np.abs(distance)], 0.0)
        self._decay = powers[1:]
        # From here on 1 - weight**count is 1 as a float, and powers are slow.
        self._last_biased = math.ceil(_BITS * math.log(2) / -math.log(weight)) if weight else 0

    def extend(self, values: Floats) -> Floats:
        if self._weight == 0:
            return values
        num_blocks = -(-len(values) // _BLOCK)
        padded = np.zeros(num_blocks * _BLOCK)
        padded[: len(values)] = values
        sums = padded.reshape(num_blocks, _BLOCK) @ self._kernel.T
        carried = np.empty(num_blocks)
        for index, last in enumerate(sums[:, -1].tolist()):
            carried[index] = self._sum
            self._sum = last + self._decay[-1] * self._sum
        sums += carried[:, None] * self._decay
        flat = sums.ravel()[: len(values)]
        self._sum = float(flat[-1])
        counts = np.arange(self._count + 1, min(self._count + len(values), self._last_biased) + 1)
        self._count += len(values)
        flat[: len(counts)] /= 1 - self._weight**counts
        return flat
