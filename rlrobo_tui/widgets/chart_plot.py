"""What a chart of one metric shows of a run, as a plot, and what it says about it. No widgets."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from rich.style import Style

from engine.protocol.events import EvaluationDone
from engine.protocol.status import EndReason, Status
from rlrobo_tui.history import Floats, History
from rlrobo_tui.lens import Lens, XAxis
from rlrobo_tui.quantities import clock, count, duration, number
from rlrobo_tui.run_view import RunView
from rlrobo_tui.widgets.plot import Level, Line, Mark, Plot, Rule, Texture

RETURN = "rollout/ep_rew_mean"
RETURN_METRICS = (RETURN, "eval/return_mean")
"""Metrics that share their scale with evaluations and with a task's solved return."""
SUCCESS_METRICS = ("rollout/success_rate", "eval/success_rate")
"""Metrics that share their scale with the success of evaluations."""
NEAR = 0.02
"""chosen: an evaluation is read out where it is this near to the cursor, as a part of the window."""


@dataclass(frozen=True)
class Inks:
    """Styles of what a chart shows; none of them is the only difference between two things."""

    line: Style = field(default_factory=Style.null)
    faint: Style = field(default_factory=Style.null)
    mark: Style = field(default_factory=Style.null)
    best: Style = field(default_factory=Style.null)
    target: Style = field(default_factory=Style.null)
    bad: Style = field(default_factory=Style.null)
    axis: Style = field(default_factory=Style.null)
    has_color: bool = True
    is_ascii: bool = False

    def glyph(self, name: str) -> str:
        """Return the character of a mark."""
        return _GLYPHS[name][self.is_ascii]


_GLYPHS = {
    "eval": ("◆", "o"), "best": ("★", "@"), "target": ("┈", "-"), "restart": ("╎", "|"), "end": ("┊", "|"),
    "cursor": ("│", "|"),
}  # fmt: skip
_ENDS = {EndReason.DIVERGED: "diverged", EndReason.KILLED: "died", EndReason.NO_SPACE: "disk full"}


@dataclass(frozen=True, kw_only=True)
class ChartData:
    """One metric of a run at one moment."""

    view: RunView
    metric: str
    history: History
    lens: Lens
    inks: Inks
    target: float | None = None
    """A value to reach, on the scale of returns."""
    is_log: bool = False

    @cached_property
    def xs(self) -> Floats:
        """Where each value is on the axis."""
        if self.lens.x_axis is XAxis.STEPS:
            return self.history.steps
        start = self.view.started_at or 0.0
        return self.history.times - (start if self.lens.x_axis is XAxis.ELAPSED else 0.0)

    @cached_property
    def marks(self) -> list[tuple[float, float]]:
        """Place and value of each evaluation, for metrics on whose scale they are."""
        evaluations = self.view.evaluations
        if self.metric in RETURN_METRICS:
            return [(self._x(event), event.return_mean) for event in evaluations]
        if self.metric in SUCCESS_METRICS:
            return [(self._x(event), event.success_rate) for event in evaluations if event.success_rate is not None]
        return []

    @property
    def best(self) -> EvaluationDone | None:
        """The best evaluation, for metrics on whose scale it is."""
        return self.view.best if self.metric in RETURN_METRICS else None

    @property
    def goal(self) -> float | None:
        """The value to reach, for metrics on whose scale it is."""
        return self.target if self.metric in RETURN_METRICS else None

    def _x(self, event: EvaluationDone) -> float:
        return self.lens.x(self.view, step=event.step, time=event.time)


def make_plot(data: ChartData) -> Plot:
    """Return what is drawn of `data`."""
    inks = data.inks
    marks = [Mark(x, value, inks.glyph("eval"), inks.mark) for x, value in data.marks]
    if data.best is not None:
        x = data.lens.x(data.view, step=data.best.step, time=data.best.time)
        marks.append(Mark(x, data.best.return_mean, inks.glyph("best"), inks.best))
    goal = data.goal
    levels = [] if goal is None else [Level(goal, inks.glyph("target"), inks.target, f"solved {goal:g}")]
    return Plot(
        x_limits=data.lens.window(data.view),
        make_x_ticks=data.lens.make_ticks,
        lines=_lines(data),
        marks=marks,
        rules=_rules(data),
        levels=levels,
        is_log=data.is_log,
    )


def legend(data: ChartData) -> list[str]:
    """Return what the lines and marks are, the most important first."""
    history, inks = data.history, data.inks
    if not len(history.steps):
        return []
    raw = f"raw {number(float(history.values[-1]))}"
    weight = data.lens.weight
    parts = [f"EMA {weight:g}: {number(float(history.smooth[-1]))}", raw] if weight else [raw]
    if data.best is not None:
        parts.append(f"{inks.glyph('best')} best {number(data.best.return_mean)} at {count(data.best.step)}")
    if data.marks:
        parts.append(f"{inks.glyph('eval')} eval")
    if data.goal is not None:
        parts.append(f"{inks.glyph('target')} solved {data.goal:g}")
    if data.view.restarts:
        parts.append(f"{inks.glyph('restart')} resumed")
    return parts


def readout(data: ChartData) -> list[str]:
    """Return the values at the cursor: of the nearest point, raw and smoothed, and of an evaluation beside it."""
    cursor, history = data.lens.cursor, data.history
    if cursor is None or not len(history.steps):
        return []
    index = nearest(data.xs, cursor)
    step, moment = float(history.steps[index]), float(history.times[index])
    where = {  # FREE_AXES; a chart of one run is not drawn over cost
        XAxis.STEPS: f"at {count(step)}",
        XAxis.CLOCK: f"at {clock(moment)}",
        XAxis.ELAPSED: f"after {duration(moment - (data.view.started_at or 0.0))}",
    }[data.lens.x_axis]
    parts = [f"{where}: raw {number(float(history.values[index]))}"]
    if data.lens.weight:
        parts.append(f"EMA {data.lens.weight:g}: {number(float(history.smooth[index]))}")
    first, last = data.lens.window(data.view)
    close = [(abs(x - cursor), value) for x, value in data.marks if abs(x - cursor) <= NEAR * (last - first)]
    if close:
        parts.append(f"{data.inks.glyph('eval')} {number(min(close)[1])}")
    return parts


def nearest(xs: Floats, x: float) -> int:
    """Return the index of the point that is nearest to `x`."""
    right = int(np.searchsorted(xs, x))
    if right == 0:
        return 0
    if right == len(xs):
        return right - 1
    return right if xs[right] - x < x - xs[right - 1] else right - 1


def _lines(data: ChartData) -> list[Line]:
    history, inks, xs = data.history, data.inks, data.xs
    breaks = tuple(history.breaks)
    last = number(float(history.smooth[-1])) if len(xs) else ""
    strong = Line(xs=xs, ys=history.smooth, style=inks.line, breaks=breaks, label=last)
    if not data.lens.weight:
        return [strong]
    # Without colour a faint line would be as strong as the smoothed one; loose dots stay behind it.
    texture = Texture.SOLID if inks.has_color and not inks.is_ascii else Texture.SPARSE
    return [Line(xs=xs, ys=history.values, style=inks.faint, breaks=breaks, texture=texture), strong]


def _rules(data: ChartData) -> list[Rule]:
    view, lens, inks = data.view, data.lens, data.inks
    rules: list[Rule] = []
    if lens.cursor is not None:
        rules.append(Rule(lens.cursor, inks.glyph("cursor"), inks.axis))
    for restart in view.restarts:
        again = f"{count(restart.num_repeated)} again" if restart.num_repeated else "resumed"
        x = lens.x(view, step=restart.step, time=restart.time)
        rules.append(Rule(x, inks.glyph("restart"), inks.mark, again))
    for step in view.not_finite.get(data.metric, [])[:1]:
        rules.append(Rule(_x_of_step(data, step), inks.glyph("end"), inks.bad, "NaN"))
    if view.status is Status.FAILED:
        words = _ENDS.get(view.end_reason, "failed") if view.end_reason else "failed"
        x = lens.x(view, step=view.step, time=view.updated_at or 0.0)
        rules.append(Rule(x, inks.glyph("end"), inks.bad, words))
    return rules


def _x_of_step(data: ChartData, step: float) -> float:
    if data.lens.x_axis is XAxis.STEPS or not len(data.xs):
        return step
    return float(np.interp(step, data.history.steps, data.xs))
