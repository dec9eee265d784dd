"""A comparison as a plot: a colour, a texture and a letter for each line, so that none of them is needed alone."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from rich.style import Style

from rlrobo_tui.comparison import MAX_LINES, Curve, value_at
from rlrobo_tui.comparison_words import place_text
from rlrobo_tui.lens import Lens
from rlrobo_tui.quantities import number
from rlrobo_tui.run_view import RunView
from rlrobo_tui.widgets.plot import Line, Plot, Rule, Texture

LETTERS = "ABCDEFGH"
_SAMPLES = {Texture.SOLID: "━━━", Texture.DASHED: "━ ━", Texture.DOTTED: "···", Texture.SPARSE: "· ·"}


@dataclass(frozen=True, kw_only=True)
class Inks:
    """Styles of what is drawn."""

    series: Sequence[Style]
    axis: Style
    has_band: bool = True
    """Whether the interval of a mean is drawn."""
    is_ascii: bool = False


def texture_of(index: int) -> Texture:
    """Return the texture of a line."""
    return list(Texture)[index % len(Texture)]


def sample_of(index: int, *, is_ascii: bool) -> str:
    """Return three characters that look like a line."""
    texture = texture_of(index)
    return texture.value * 3 if is_ascii else _SAMPLES[texture]


def make_plot(curves: Sequence[Curve], inks: Inks, *, lens: Lens, span: RunView, shown: Sequence[int]) -> Plot:
    """Return a plot of the curves whose indices are in `shown`, the last of them on top."""
    bands = [_band(curves[index], inks.series[index % MAX_LINES]) for index in shown if inks.has_band]
    lines = [
        Line(
            xs=curves[index].xs,
            ys=curves[index].ys,
            style=inks.series[index % MAX_LINES],
            texture=texture_of(index),
            breaks=curves[index].breaks,
            label=_end_label(index, curves[index]),
        )
        for index in shown
        if len(curves[index].xs)
    ]
    rules = [] if lens.cursor is None else [Rule(lens.cursor, "|" if inks.is_ascii else "│", inks.axis)]
    return Plot(
        x_limits=lens.window(span),
        make_x_ticks=lens.make_ticks,
        lines=[*(band for band in bands if band is not None), *lines],
        rules=rules,
    )


def readout(curves: Sequence[Curve], *, lens: Lens, shown: Collection[int]) -> str:
    """Return the values of the shown lines at the cursor: `at 20.0k  A 312  B 298`; empty without one."""
    if lens.cursor is None:
        return ""
    values = [(index, value_at(curves[index], lens.cursor)) for index in sorted(shown)]
    parts = [f"{LETTERS[index]} {number(value)}" for index, value in values]
    return "   ".join([f"at {place_text(lens.cursor, lens.x_axis)}", *parts])


def signs_of(curves: Sequence[Curve], ids: Collection[str]) -> list[str]:
    """Return what the runs with these ids are called in the plot: B, or in a mean over seeds `s2 of B`."""
    return [
        letter if len(curve.ids) == 1 else f"{id.rpartition('-')[2]} of {letter}"
        for letter, curve in zip(LETTERS, curves, strict=False)
        for id in curve.ids
        if id in ids
    ]


def _end_label(index: int, curve: Curve) -> str:
    """Return the letter, and the seed or how many runs it is."""
    end = curve.name.rpartition("-")[2] if len(curve.ids) == 1 else f"×{len(curve.ids)}"
    return f"{LETTERS[index]} {end}"


def _band(curve: Curve, style: Style) -> Line | None:
    """Return the interval of a mean as a line that goes up and down between its ends at each place."""
    if curve.half is None or not len(curve.xs):
        return None
    ends = np.stack([curve.ys - curve.half, curve.ys + curve.half], axis=1)
    return Line(xs=np.repeat(curve.xs, 2), ys=ends.ravel(), style=style + Style(dim=True), texture=Texture.SPARSE)
