"""How start terms draw: one generator for each row, and ranges that a curriculum's level widens.

At level 1 a range is what its task says, at level 0 it has shrunk to what the model or the task has by itself.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

Range = tuple[float, float]
"""Lowest and highest value."""
Rngs = list[np.random.Generator]


class Distribution(Enum):
    """How values lie in their range."""

    UNIFORM = "all values are equally likely"
    LOG_UNIFORM = "all ratios are: from 0.5 to 1 as often as from 1 to 2"


def draw(rngs: Rngs, size: int, range: Range, distribution: Distribution = Distribution.UNIFORM) -> np.ndarray:
    """Return values of a range, (len(rngs), size).

    Raises ValueError for a range that is upside down, or not positive where its logarithm is needed.
    """
    low, high = range
    if not low <= high:
        raise ValueError(f"a range needs lowest <= highest; got {list(range)}")
    if distribution is Distribution.UNIFORM:
        return np.stack([rng.uniform(low, high, size) for rng in rngs])
    if low <= 0:
        raise ValueError(f"a log_uniform range needs numbers above 0; got {list(range)}")
    return np.exp(np.stack([rng.uniform(np.log(low), np.log(high), size) for rng in rngs]))


def check_lowest(range: Range, lowest: float) -> None:
    """Raise ValueError where a range begins below `lowest`."""
    if range[0] < lowest:
        raise ValueError(f"the range must not begin below {lowest:g}; got {list(range)}")


def widen(own: np.ndarray | float, drawn: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return values (num_rows, size) on the way from the model's own to the drawn ones; level (num_rows,) in 0..1."""
    share = level[:, None]
    return (1.0 - share) * own + share * drawn
