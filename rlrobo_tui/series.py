"""History of one metric in compact columns: a run has hundreds of metrics, each with up to millions of values."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload


@dataclass(frozen=True)
class Point:
    """One value of a metric."""

    step: int
    time: float
    value: float


class Series(Sequence[Point]):
    """History of one metric by ascending step, in compact columns.

    An engine that goes on from a checkpoint repeats steps; what it repeats replaces what was there.
    """

    def __init__(self) -> None:
        self._rows = array("d")
        """Step, time, value, step, time, value, …: one array, so that a reader in another thread sees whole rows."""
        self.num_rewinds = 0
        """How often an engine went back; whoever keeps something computed from this series starts again then."""

    def append(self, step: float, time: float, value: float) -> None:
        """Add a value."""
        rows = self._rows
        if rows and step < rows[-3]:
            self.num_rewinds += 1
            steps = rows[::3]
            del rows[3 * bisect_left(steps, step) :]
        rows.extend((step, time, value))

    def recent(self, num_values: int) -> "array[float]":
        """Return the last values, at most so many."""
        return self._rows[-3 * num_values :][2::3]

    def rows_from(self, index: int) -> bytes:
        """Return step, time and value of each point from the `index`-th on, as C doubles."""
        return self._rows[3 * index :].tobytes()

    def __len__(self) -> int:
        return len(self._rows) // 3

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> list[Point]: ...
    def __getitem__(self, index: int | slice) -> Point | list[Point]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        step, time, value = self._rows[3 * index : 3 * index + 3 or None]
        return Point(int(step), time, value)

    def __iter__(self) -> Iterator[Point]:
        return (self[i] for i in range(len(self)))
