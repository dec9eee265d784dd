"""A comparison's numbers in words, for the page and for `rlrobo compare`. Pure."""

from collections.abc import Sequence

from rlrobo_tui.comparison import Estimate
from rlrobo_tui.intervals import Difference
from rlrobo_tui.lens import XAxis
from rlrobo_tui.quantities import clock, count, duration, number


def place_text(place: float | None, axis: XAxis) -> str:
    """Return a place of the axis in words: 40.0k, 12m 03s, 14:22:33, $0.42."""
    if place is None:
        return "–"
    return {XAxis.STEPS: count, XAxis.ELAPSED: duration, XAxis.CLOCK: clock, XAxis.COST: _dollars}[axis](place)


def interval(estimate: Estimate | None) -> str:
    """Return a mean with half the width of its interval: 187.3 ± 12.0."""
    if estimate is None:
        return "–"
    return number(estimate.mean) if estimate.half is None else f"{number(estimate.mean)} ± {number(estimate.half)}"


def cost(estimate: Estimate | None) -> str:
    """Return what a run has cost, in the mean: $0.42 ± 0.03."""
    return "–" if estimate is None else f"${interval(estimate)}"


def left_out(names: Sequence[str]) -> str:
    """Return why runs are not drawn over cost; empty where there are none."""
    if not names:
        return ""
    verb = "it is" if len(names) == 1 else "they are"
    return f"{', '.join(names)} trained here: no price; {verb} left out"


def verdict(against: Difference | None) -> str:
    """Return in a word whether a difference is more than chance would make of it."""
    if against is None:
        return ""
    return {None: "one seed", True: "excludes 0", False: "holds 0"}[against.excludes_zero]


def signed(against: Difference | None) -> str:
    """Return a difference with its sign and half the width of its interval."""
    if against is None:
        return ""
    text = f"{'+' if against.value > 0 else ''}{number(against.value)}"
    return text if against.half is None else f"{text} ± {number(against.half)}"


def _dollars(value: float) -> str:
    """Return dollars with the digits that tell cheap runs apart."""
    return f"${number(value)}"
