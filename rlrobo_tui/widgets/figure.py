"""Draw one curve with plotext, in characters. The only module that imports plotext, and only when it first draws.

plotext has one figure for the whole process, so `draw` must be called from one thread.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rlrobo_tui.curves import decimate, padded_limits, thin, tick_labels, ticks
from rlrobo_tui.terminal import to_ascii

Rgb = tuple[int, int, int]
LABEL_COLUMNS = 6
"""Width of the value axis' labels; fixed, so that the chart does not jump when the numbers grow."""
TARGET_REACH = 1.5
"""chosen: a target further above the data than this many times their range would squeeze them flat."""
MIN_SIZE = (16, 4)
_BACKGROUND = re.compile(r"\x1b\[48;[0-9;]*m")


@dataclass(frozen=True)
class Curve:
    """What a chart shows."""

    steps: Sequence[float] = ()
    raw: Sequence[float] = ()
    """Values as they were measured."""
    smooth: Sequence[float] | None = None
    """The same, smoothed; None: smoothing is off."""
    marks: Sequence[tuple[float, float]] = ()
    """Evaluations: step and value."""
    best: tuple[float, float] | None = None
    """The best evaluation."""
    target: float | None = None
    """A value to reach."""


@dataclass(frozen=True)
class Palette:
    """Colours of a chart."""

    line: Rgb
    faint: Rgb
    mark: Rgb
    best: Rgb
    target: Rgb
    axis: Rgb


@dataclass(frozen=True)
class Style:
    """How a chart is drawn, whatever it shows."""

    palette: Palette
    is_ascii: bool = False
    has_color: bool = True

    @property
    def line(self) -> str:
        """Marker of a curve."""
        return "*" if self.is_ascii else "braille"

    @property
    def faint(self) -> str:
        """Marker of the raw curve behind a smoothed one."""
        return "." if self.is_ascii else "braille"

    @property
    def mark(self) -> str:
        """Marker of an evaluation."""
        return "o" if self.is_ascii else "◆"

    @property
    def best(self) -> str:
        """Marker of the best evaluation."""
        return "@" if self.is_ascii else "★"


def draw(curve: Curve, *, width: int, height: int, style: Style) -> str:
    """Return the chart as `height` lines of `width` characters with ANSI colours; empty without data or space."""
    if not curve.steps or width < MIN_SIZE[0] or height < MIN_SIZE[1]:
        return ""
    import plotext

    plotext.terminal.limit(False, False)  # otherwise the real terminal's size is the largest
    figure = plotext.figure
    figure.clear()  # plotext grows without it
    figure.theme("colorless")
    figure.canvas("default")
    figure.plot_size(width, height)
    first, last = min(0, curve.steps[0]), max(curve.steps[-1], 1)
    num_columns = max(1, width - LABEL_COLUMNS - 1)
    raw = decimate(curve.steps, curve.raw, num_columns=num_columns, first=first, last=last)
    low, high = _value_limits(raw[1], curve)
    _draw_axes(plotext, limits=(first, last, low, high), size=(num_columns, height), style=style)
    if curve.target is not None and low <= curve.target <= high:
        figure.line(curve.target, style="dotted", pixel=plotext.pixel(foreground=style.palette.target))
    _draw_curves(plotext, curve, raw, num_columns=num_columns, style=style)
    # plotext gives the axes a white background of its own, whatever the theme and the canvas say.
    text = _BACKGROUND.sub("", figure.build().string())
    return to_ascii(text) if style.is_ascii else text


def _draw_curves(
    plotext: Any, curve: Curve, raw: tuple[list[float], list[float]], *, num_columns: int, style: Style
) -> None:
    if curve.smooth is None:
        _draw_points(plotext, raw, marker=style.line, color=style.palette.line, is_line=True)
    else:
        # Without colour a faint line would be as strong as the smoothed one; dots stay behind it.
        is_line = style.has_color and not style.is_ascii
        _draw_points(plotext, raw, marker=style.faint, color=style.palette.faint, is_line=is_line)
        smooth = thin(curve.steps, curve.smooth, num_points=num_columns)
        _draw_points(plotext, smooth, marker=style.line, color=style.palette.line, is_line=True)
    marks = ([step for step, _ in curve.marks], [value for _, value in curve.marks])
    _draw_points(plotext, marks, marker=style.mark, color=style.palette.mark)
    if curve.best is not None:
        best = ([curve.best[0]], [curve.best[1]])
        _draw_points(plotext, best, marker=style.best, color=style.palette.best)


def _draw_points(
    plotext: Any, points: tuple[list[float], list[float]], *, marker: str, color: Rgb, is_line: bool = False
) -> None:
    steps, values = points
    if not steps:
        return
    signal = plotext.figure.signal(steps, values, marker=plotext.marker(marker, pixel=plotext.pixel(foreground=color)))
    plotext.figure.draw(signal.lines(is_line))


def _draw_axes(plotext: Any, *, limits: tuple[float, float, float, float], size: tuple[int, int], style: Style) -> None:
    first, last, low, high = limits
    num_columns, height = size
    figure = plotext.figure
    pixel = plotext.pixel(foreground=style.palette.axis)
    figure.axes(False, axis="both", side=1)
    figure.axes(True, axis="both", side=0, pixel=pixel)
    values = ticks(low, high, num_ticks=max(2, height // 4))
    labels = [label.rjust(LABEL_COLUMNS)[-LABEL_COLUMNS:] for label in tick_labels(values)]
    figure.ruler("y", "left").lim(low, high).ticks(values, labels).pixel(pixel)
    steps = ticks(first, last, num_ticks=max(2, num_columns // 14))
    figure.ruler("x", "lower").lim(first, last).ticks(steps, tick_labels(steps)).pixel(pixel)


def _value_limits(raw: list[float], curve: Curve) -> tuple[float, float]:
    shown = [min(raw), max(raw), *(value for _, value in curve.marks)]
    low, high = padded_limits(shown)
    reach = TARGET_REACH * (high - low)
    if curve.target is not None and low - reach < curve.target < high + reach:
        return padded_limits([*shown, curve.target])
    return low, high
