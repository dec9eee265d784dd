"""Line charts as inline SVG: a raw curve, its moving average, evaluations with intervals, and marks. Pure.

Colours are classes of style.css, so that a chart follows the page into dark mode and onto paper. Every line differs
from the others by its stroke too.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from rlrobo_tui.curves import decimate, padded_limits, tick_labels, ticks
from rlrobo_tui.history import History
from rlrobo_tui.quantities import number
from rlrobo_tui.run_view import Restart
from rlrobo_tui.series import Series

NUM_COLUMNS = 300
"""A curve keeps the lowest and the highest value of each; a chart is about 600 pixels wide."""
SMOOTHING = 0.9
SMALLEST_MARK = 1.5
"""Chosen: half the width of an evaluation's sign where many stand side by side; larger ones would hide the curve."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 16, 14, 40
"""Room around the plot for labels, in units of the viewBox."""


@dataclass(frozen=True)
class Measured:
    """An evaluation as a chart shows it."""

    step: int
    mean: float
    half: float
    """Half the width of the 95 % interval."""
    is_best: bool = False


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What a chart shows."""

    title: str
    series: Series
    evaluations: Sequence[Measured] = ()
    restarts: Sequence[Restart] = ()
    solved: float | None = None
    """Value from which the task counts as solved."""
    width: int = 720
    height: int = 300


@dataclass(frozen=True)
class Frame:
    """Where values are on the paper."""

    chart: Chart
    first: float
    last: float
    low: float
    high: float

    def x(self, step: float) -> float:
        """Return the place of a step."""
        return _LEFT + (step - self.first) / (self.last - self.first) * (self.chart.width - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """Return the place of a value."""
        return _TOP + (self.high - value) / (self.high - self.low) * (self.chart.height - _TOP - _BOTTOM)


def draw(chart: Chart) -> str:
    """Return the chart as an SVG element. Its series has at least one value."""
    history = History(SMOOTHING)
    history.update(chart.series, chart.restarts)
    steps, raw, smooth = history.steps.tolist(), history.values.tolist(), history.smooth.tolist()
    last = max(steps[-1], *(item.step for item in chart.evaluations), steps[0] + 1)
    ends = [value for item in chart.evaluations for value in (item.mean - item.half, item.mean + item.half)]
    solved = [] if chart.solved is None else [chart.solved]
    frame = Frame(chart, min(steps[0], 0), last, *padded_limits([*raw, *ends, *solved]))
    limits = {"num_columns": NUM_COLUMNS, "first": steps[0], "last": steps[-1]}
    faint, strong = decimate(steps, raw, **limits), decimate(steps, smooth, **limits)
    parts = [
        *_axes(frame),
        *_marks(frame),
        f'<path class="raw" d="{_path(frame, *faint)}"/>',
        f'<path class="smooth" d="{_path(frame, *strong)}"/>',
        *_evaluations(frame),
    ]
    label = escape(f"{chart.title}: last {number(raw[-1])} at step {steps[-1]:.0f}")
    data = escape(json.dumps({"name": chart.title, "box": _box(frame), "points": _points(frame, *strong)}))
    return (
        f'<svg class="chart" viewBox="0 0 {chart.width} {chart.height}" role="img" aria-label="{label}" '
        f'data-hover="{data}">{"".join(parts)}</svg>'
    )


def _axes(frame: Frame) -> Iterator[str]:
    chart = frame.chart
    right, bottom = chart.width - _RIGHT, chart.height - _BOTTOM
    rows = ticks(frame.low, frame.high, num_ticks=max(3, chart.height // 60))
    for value, text in zip(rows, tick_labels(rows), strict=True):
        y = frame.y(value)
        yield f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
    columns = ticks(frame.first, frame.last, num_ticks=max(4, chart.width // 100))
    for value, text in zip(columns, tick_labels(columns), strict=True):
        yield f'<text class="tick" x="{frame.x(value):.1f}" y="{bottom + 18}" text-anchor="middle">{text}</text>'
    yield f'<line class="axis" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>'
    yield f'<text class="tick" x="{right}" y="{chart.height - 4}" text-anchor="end">timesteps</text>'


def _marks(frame: Frame) -> Iterator[str]:
    top, bottom = _TOP, frame.chart.height - _BOTTOM
    for restart in frame.chart.restarts:
        x = frame.x(restart.step)
        place = f'x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"'
        yield f'<line class="restart" {place}>{_tip("resumed", restart.step)}</line>'
    if frame.chart.solved is not None:
        y, right = frame.y(frame.chart.solved), frame.chart.width - _RIGHT
        yield f'<line class="solved" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="tick" x="{_LEFT + 6}" y="{y + 14:.1f}">solved from {number(frame.chart.solved)}</text>'


def _evaluations(frame: Frame) -> Iterator[str]:
    items = frame.chart.evaluations
    room = (frame.chart.width - _LEFT - _RIGHT) / max(1, len(items))
    small = max(SMALLEST_MARK, min(4.0, room / 2))
    for item in sorted(items, key=lambda item: item.is_best):  # the best lies on top
        x, y = frame.x(item.step), frame.y(item.mean)
        high, low = frame.y(item.mean + item.half), frame.y(item.mean - item.half)
        size = 6 if item.is_best else small
        text = f"evaluation {number(item.mean)} ± {number(item.half)}{', the best' if item.is_best else ''}"
        yield (
            f'<g class="{"best" if item.is_best else "evaluation"}">{_tip(text, item.step)}'
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{high:.1f}" y2="{low:.1f}"/>'
            f'<path d="M{x:.1f} {y - size:.1f}l{size:g} {size:g}l-{size:g} {size:g}l-{size:g} -{size:g}z"/></g>'
        )


def _tip(text: str, step: int) -> str:
    return f"<title>{escape(text)} at step {step:,}</title>"


def _path(frame: Frame, steps: Sequence[float], values: Sequence[float]) -> str:
    places = [f"{frame.x(step):.1f} {frame.y(value):.1f}" for step, value in zip(steps, values, strict=True)]
    # A line of no length with round ends is a dot: a series of one value shows, too.
    return "M" + "L".join(places) + ("h0" if len(places) == 1 else "")


def _box(frame: Frame) -> list[float]:
    return [_LEFT, _TOP, frame.chart.width - _RIGHT, frame.chart.height - _BOTTOM]


def _points(frame: Frame, steps: Sequence[float], values: Sequence[float]) -> list[list[object]]:
    """Return place and text of each point that a pointer can find."""
    return [
        [round(frame.x(step), 1), round(frame.y(value), 1), f"{step:,.0f}", number(value)]
        for step, value in zip(steps, values, strict=True)
    ]
