"""What stands between a metric's history and a chart: decimation, smoothing, limits, ticks. Pure, no widgets.

Charts are never given more points than the terminal can show; a series may hold millions.
"""

import math
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from rlrobo_tui.quantities import count, number


@dataclass
class Smoother:
    """Exponential moving average of a growing series; each call only works on what is new.

    The start is corrected for its bias as in Adam (arXiv:1412.6980, algorithm 1), so the first values are not pulled
    towards zero.
    """

    weight: float
    """Weight of the past, 0 to 1."""
    values: "array[float]" = field(default_factory=lambda: array("d"))
    """The smoothed series so far."""
    _sum: float = 0.0
    _norm: float = 0.0

    def extend(self, raw: Sequence[float]) -> Sequence[float]:
        """Return the smoothed series of `raw`, which starts with what earlier calls were given."""
        for value in raw[len(self.values) :]:
            self._sum = self.weight * self._sum + (1 - self.weight) * value
            self._norm = self.weight * self._norm + (1 - self.weight)
            self.values.append(self._sum / self._norm)
        return self.values


def decimate(
    steps: Sequence[float], values: Sequence[float], *, num_columns: int, first: float, last: float
) -> tuple[list[float], list[float]]:
    """Keep the lowest and the highest value of each of `num_columns` equal parts of [first, last], in their order.

    `steps` ascends. At most two points a column are left, and no peak is lost.
    """
    if len(steps) <= num_columns or last <= first:
        return list(steps), list(values)
    kept_steps: list[float] = []
    kept_values: list[float] = []
    end = bisect_left(steps, first)
    for column in range(1, num_columns + 1):
        start = end
        # The last column takes its right edge too.
        end = len(steps) if column == num_columns else bisect_left(steps, first + (last - first) * column / num_columns)
        if start == end:
            continue
        part = values[start:end]
        lowest, highest = start + part.index(min(part)), start + part.index(max(part))
        for index in sorted({lowest, highest}):
            kept_steps.append(steps[index])
            kept_values.append(values[index])
    return kept_steps, kept_values


def thin(steps: Sequence[float], values: Sequence[float], *, num_points: int) -> tuple[list[float], list[float]]:
    """Keep about every n-th point and the last one; enough for a curve that is smooth already."""
    stride = max(1, math.ceil(len(steps) / max(1, num_points)))
    indices = range((len(steps) - 1) % stride, len(steps), stride)
    return [steps[index] for index in indices], [values[index] for index in indices]


def padded_limits(values: Sequence[float]) -> tuple[float, float]:
    """Return limits that hold all `values` with a little air, and are never equal."""
    low, high = min(values), max(values)
    air = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    return low - air, high + air


def ticks(low: float, high: float, *, num_ticks: int) -> list[float]:
    """Return about `num_ticks` round numbers (1, 2 or 5 times a power of ten) from `low` to `high`; at least two."""
    rough = (high - low) / max(1, num_ticks)
    power = 10.0 ** math.floor(math.log10(rough))
    steps = [factor * power for factor in (10, 5, 2, 1, 0.5, 0.2) if factor * power <= 10 * rough]
    found: list[float] = []
    fitting = [step for step in steps if step >= rough * 0.999]
    for step in [fitting[-1], *(step for step in steps if step < fitting[-1])]:
        found = [index * step for index in range(math.ceil(low / step), math.floor(high / step) + 1)]
        if len(found) >= 2:
            break
    return found


def even_axis(low: float, high: float, *, num_rows: int) -> tuple[float, float, list[float]]:
    """Return limits that hold `low` and `high` (which differ), and round ticks that lie equally many rows apart.

    The first of `num_rows` rows (3 at least) is the upper limit, the last one the lower. Of the axes whose ticks are 1,
    2 or 5 times a power of ten, it is the one that leaves the least room empty.
    """
    nearest = 1 if num_rows < 5 else 2 if num_rows < 12 else 3
    found: list[tuple[float, int, int]] = []
    for rows_apart in range(nearest, min(8, num_rows - 1) + 1):
        least = (high - low) / (num_rows - 1) * rows_apart
        power = 10.0 ** math.floor(math.log10(least))
        for factor in (1, 2, 5, 10, 20, 50):
            a_row = factor * power / rows_apart
            first = math.floor(low / a_row + 1e-9)
            num_ticks = sum(not row % rows_apart for row in range(first, first + num_rows))
            if first + num_rows - 1 >= high / a_row - 1e-9 and num_ticks >= 2:
                found.append((a_row, abs(rows_apart - 4), rows_apart))
                break
    a_row, _, rows_apart = min(found)
    first = math.floor(low / a_row + 1e-9)
    rows = range(first, first + num_rows)
    return first * a_row, rows[-1] * a_row, [row * a_row for row in rows if not row % rows_apart]


def tick_labels(positions: Sequence[float]) -> list[str]:
    """Write tick positions with just the digits that tell them apart."""
    if len(positions) < 2:
        return [number(position) for position in positions]
    step = positions[1] - positions[0]
    if max(abs(position) for position in positions) >= 10_000:
        return [_trim(count(position)) for position in positions]
    if step < 0.001:
        return [number(position) for position in positions]
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{position + 0.0:.{digits}f}" for position in positions]


def _trim(text: str) -> str:
    """1.00M is 1M on an axis."""
    unit = text[-1] if text[-1].isalpha() else ""
    digits = text.removesuffix(unit)
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + unit
