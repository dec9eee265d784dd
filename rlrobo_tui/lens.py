"""Which part of a run all its charts show, over what, how smooth, and where their common cursor stands. No widgets."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from rlrobo_tui.curves import tick_labels, ticks
from rlrobo_tui.quantities import duration
from rlrobo_tui.run_view import RunView

SMOOTHINGS = (0.9, 0.97, 0.0, 0.6)
"""Weights of the past in the moving average, in the order in which a key cycles through them; 0: off."""
CLOSEST = 1000
"""chosen: zooming ends at this part of the whole."""
PAN = 0.25
"""chosen: part of the window that one key moves it."""
LEAST_USD = 0.001
"""chosen: what an axis of dollars reaches at least."""
_TICK_SECONDS = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800,
)  # fmt: skip


class XAxis(Enum):
    """What charts are drawn over."""

    STEPS = "steps"
    CLOCK = "wall clock"
    ELAPSED = "time since the start"
    COST = "cost"
    """Dollars; only of runs that were trained on a machine with a price, and only where runs are compared."""


X_OPTIONS = {"steps": XAxis.STEPS, "wall": XAxis.CLOCK, "relative": XAxis.ELAPSED, "cost": XAxis.COST}
"""What `--x` takes."""
FREE_AXES = (XAxis.STEPS, XAxis.CLOCK, XAxis.ELAPSED)
"""Those that every run has, in the order in which a key cycles through them."""
Limits = tuple[float, float]


@dataclass
class Lens:
    """What the keys for charts change. Positions are in units of the axis: timesteps, seconds or dollars."""

    x_axis: XAxis = XAxis.STEPS
    weight: float = SMOOTHINGS[0]
    """Weight of the past in the moving average."""
    width: float | None = None
    """Of the window; None: everything."""
    end: float | None = None
    """Right edge of the window; None: the latest."""
    cursor: float | None = None
    """Where values are read; None: nowhere."""

    def whole(self, view: RunView) -> Limits:
        """Return the limits of all there is."""
        if self.x_axis is XAxis.STEPS:
            return 0.0, float(max(1, view.step))
        if self.x_axis is XAxis.COST:
            return 0.0, max(LEAST_USD, view.cost_usd)
        start = view.started_at or 0.0
        first = start if self.x_axis is XAxis.CLOCK else 0.0
        return first, first + max(1.0, (view.updated_at or start) - start)

    def window(self, view: RunView) -> Limits:
        """Return the limits of what is shown."""
        first, last = self.whole(view)
        if self.width is None:
            return first, last
        width = min(self.width, last - first)
        end = last if self.end is None else min(max(self.end, first + width), last)
        return end - width, end

    def zoom(self, factor: float, view: RunView, *, about: float | None = None) -> None:
        """Show `1 / factor` as much, about a place, else before the right edge."""
        first, last = self.whole(view)
        left, right = self.window(view)
        width = max((right - left) / factor, (last - first) / CLOSEST)
        if width >= last - first:
            self.follow()
            return
        if about is not None:
            part = (about - left) / (right - left)
            right = about + (1 - part) * width
        self.width = width
        self.end = None if right >= last else right

    def pan(self, part: float, view: RunView) -> None:
        """Move the window by a part of its width; at the latest it goes on following."""
        if self.width is None:
            return
        first, last = self.whole(view)
        left, right = self.window(view)
        right = max(right + part * (right - left), first + (right - left))
        self.end = None if right >= last else right

    def follow(self) -> None:
        """Show everything, to the latest."""
        self.width = self.end = None

    def use_next_axis(self, axes: Sequence[XAxis] = FREE_AXES) -> None:
        """Draw over the next of `axes`; a window in other units means nothing then."""
        self.x_axis = axes[(axes.index(self.x_axis) + 1) % len(axes)] if self.x_axis in axes else axes[0]
        self.follow()
        self.cursor = None

    def use_next_smoothing(self) -> None:
        """Use the next moving average."""
        index = SMOOTHINGS.index(self.weight) if self.weight in SMOOTHINGS else -1
        self.weight = SMOOTHINGS[(index + 1) % len(SMOOTHINGS)]

    def inspect(self, view: RunView) -> None:
        """Show the cursor at the right edge, or hide it."""
        self.cursor = self.window(view)[1] if self.cursor is None else None

    def move_cursor(self, num_columns: int, view: RunView, *, width: int) -> None:
        """Move the cursor in a chart of `width` columns; the window goes with it."""
        if self.cursor is None:
            return
        left, right = self.window(view)
        first, last = self.whole(view)
        self.cursor = min(max(self.cursor + num_columns * (right - left) / max(1, width), first), last)
        if self.width is not None and not left <= self.cursor <= right:
            end = self.cursor if self.cursor > right else self.cursor + (right - left)
            self.end = None if end >= last else end

    def x(self, view: RunView, *, step: float, time: float) -> float:
        """Return where on the axis something is that happened at a step and a time."""
        if self.x_axis is XAxis.STEPS:
            return step
        return time - (view.started_at or 0.0) if self.x_axis is XAxis.ELAPSED else time

    def make_ticks(self, first: float, last: float, num_ticks: int) -> tuple[list[float], list[str]]:
        """Return positions and labels of about `num_ticks` round places."""
        if self.x_axis is XAxis.STEPS:
            positions = ticks(first, last, num_ticks=num_ticks)
            return positions, tick_labels(positions)
        if self.x_axis is XAxis.COST:
            positions = ticks(first, last, num_ticks=num_ticks)
            return positions, [f"${label}" for label in tick_labels(positions)]
        return time_ticks(first, last, num_ticks, is_clock=self.x_axis is XAxis.CLOCK)


def time_ticks(first: float, last: float, num_ticks: int, *, is_clock: bool) -> tuple[list[float], list[str]]:
    """Return round times from `first` to `last` (s): of day, in local time, or durations."""
    rough = (last - first) / max(1, num_ticks)
    step = next((step for step in _TICK_SECONDS if step >= rough), math.ceil(rough / 604800) * 604800)
    # Midnight is a round time of day only in its own time zone.
    offset = time.localtime(first).tm_gmtoff if is_clock else 0
    numbers = range(math.ceil((first + offset) / step), math.floor((last + offset) / step) + 1)
    positions = [float(number * step - offset) for number in numbers]
    return positions, [_clock(position, step) if is_clock else _since(position) for position in positions]


def _clock(position: float, step: float) -> str:
    pattern = "%H:%M:%S" if step < 60 else "%H:%M" if step < 86400 else "%d %b"
    return time.strftime(pattern, time.localtime(position))


def _since(position: float) -> str:
    """2h 00m is 2h on an axis."""
    words: Sequence[str] = duration(position).split()
    return " ".join(word for index, word in enumerate(words) if index == 0 or word.strip("0") not in ("m", "s", "h"))
