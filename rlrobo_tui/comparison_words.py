"""A comparison's numbers in words, for the page and for `rlrobo compare`. Pure."""

from rlrobo_tui.comparison import Estimate
from rlrobo_tui.intervals import Difference
from rlrobo_tui.lens import XAxis
from rlrobo_tui.quantities import clock, count, duration, number


def place_text(place: float | None, axis: XAxis) -> str:
    """Return a place of the axis in words: 40.0k, 12m 03s, 14:22:33."""
    if place is None:
        return "–"
    return {XAxis.STEPS: count, XAxis.ELAPSED: duration, XAxis.CLOCK: clock}[axis](place)


def interval(estimate: Estimate | None) -> str:
    """Return a mean with half the width of its interval: 187.3 ± 12.0."""
    if estimate is None:
        return "–"
    return number(estimate.mean) if estimate.half is None else f"{number(estimate.mean)} ± {number(estimate.half)}"


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
