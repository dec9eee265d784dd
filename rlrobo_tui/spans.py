"""From a line of any number of points to what a screen of dots can show of it. Pure NumPy."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Spans:
    """Lowest and highest value of a line in each column of dots; NaN where there is no line."""

    low: Floats
    high: Floats

    @property
    def limits(self) -> tuple[float, float] | None:
        """Lowest and highest value of all; None without any."""
        if np.all(np.isnan(self.low)):
            return None
        return float(np.nanmin(self.low)), float(np.nanmax(self.high))


def spans(xs: Floats, ys: Floats, edges: Floats, *, breaks: Sequence[int] = ()) -> Spans:
    """Return what the line through the points covers between each two `edges`.

    `xs` ascend, shape (num_points,); `edges` ascend, shape (num_columns + 1,). The line is not drawn across an index
    in `breaks`. No peak is lost, however many points share a column.
    """
    low = np.full(len(edges) - 1, np.nan)
    high = low.copy()
    bounds = [0, *breaks, len(xs)]
    # What lies outside of the window costs nothing: only its nearest points matter, for the line's slope there.
    first = max(0, int(np.searchsorted(xs, edges[0])) - 1)
    last = min(len(xs), int(np.searchsorted(xs, edges[-1], side="right")) + 1)
    for start, end in pairwise(bounds):
        part = slice(max(start, first), min(end, last))
        if part.stop > part.start:
            _cover(xs[part], ys[part], edges, low, high)
    return Spans(low, high)


def _cover(xs: Floats, ys: Floats, edges: Floats, low: Floats, high: Floats) -> None:
    """Widen `low` and `high` by one unbroken part of a line."""
    at_edges = np.interp(edges, xs, ys, left=np.nan, right=np.nan)
    for side in (at_edges[:-1], at_edges[1:]):
        np.fmin(low, side, out=low)
        np.fmax(high, side, out=high)
    starts = np.searchsorted(xs, edges)
    starts[-1] = np.searchsorted(xs, edges[-1], side="right")  # the last column has its right edge too
    columns = np.flatnonzero(starts[1:] > starts[:-1])
    if len(columns):
        # reduceat goes from each start to the next one; what lies between them has no column and no points.
        inside = ys[: starts[-1]]
        low[columns] = np.fmin(low[columns], np.minimum.reduceat(inside, starts[columns]))
        high[columns] = np.fmax(high[columns], np.maximum.reduceat(inside, starts[columns]))
