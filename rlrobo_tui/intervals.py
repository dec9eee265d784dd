"""95 % intervals of means over few runs, by Student's t. Pure."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

_T975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


def t_975(degrees: float) -> float:
    """Return the 97.5 % quantile of Student's t; between two whole degrees of freedom the wider one.

    Above 30 degrees it is the normal quantile with a correction that is right to 0.001 (checked against tables).
    """
    whole = max(1, math.floor(degrees + 1e-9))
    return _T975[whole - 1] if whole <= len(_T975) else 1.95996 + 2.4 / whole


def mean_and_half(values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return the mean over the first axis and half the width of its 95 % interval; None for a single value."""
    table = np.asarray(values, float)
    count = len(table)
    if count < 2:
        return table.mean(axis=0), None
    return table.mean(axis=0), t_975(count - 1) * table.std(axis=0, ddof=1) / math.sqrt(count)


@dataclass(frozen=True)
class Difference:
    """Of two means."""

    value: float
    half: float | None
    """Half the width of its 95 % interval (Welch); None where one of the means is of a single run."""

    @property
    def excludes_zero(self) -> bool | None:
        """Whether the interval leaves zero out; None where there is no interval."""
        return None if self.half is None else abs(self.value) > self.half


def difference(values: ArrayLike, baseline: ArrayLike) -> Difference:
    """Return how far the mean of `values` is above that of `baseline`; the two may vary differently (Welch, 1947)."""
    ours, theirs = np.asarray(values, float), np.asarray(baseline, float)
    value = float(ours.mean() - theirs.mean())
    if min(len(ours), len(theirs)) < 2:
        return Difference(value, None)
    parts = [float(each.var(ddof=1)) / len(each) for each in (ours, theirs)]
    if sum(parts) == 0:
        return Difference(value, 0.0)
    spread = sum(part**2 / (len(each) - 1) for part, each in zip(parts, (ours, theirs), strict=True))
    return Difference(value, t_975(sum(parts) ** 2 / spread) * math.sqrt(sum(parts)))
