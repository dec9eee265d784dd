"""Runs side by side: their curves on a common axis, means over seeds with intervals, and a table. Pure.

A group is the runs whose configurations differ in the seed alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from engine.protocol.config import RunConfig
from rlrobo_tui.config_diff import SEED, differing, same_but_seed
from rlrobo_tui.costs import Costs
from rlrobo_tui.glossary import explain
from rlrobo_tui.history import History
from rlrobo_tui.intervals import Difference, difference, mean_and_half
from rlrobo_tui.lens import XAxis
from rlrobo_tui.run_view import RunView
from rlrobo_tui.series import Series

Floats = NDArray[np.float64]
RETURN = "rollout/ep_rew_mean"
EVALUATIONS = "eval/return_mean"
GRID = 512
"""chosen: more places than a terminal has columns of dots."""
NAMED_KEYS = 2
"""chosen: of what tells two groups apart, so many keys fit into a name."""
MAX_LINES = 8
"""As many as there are colours that everybody can tell apart."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A run, as far as it was read."""

    id: str
    name: str
    """What it is called here."""
    view: RunView
    config: RunConfig | None
    """None: it cannot be read."""
    costs: Costs | None = None
    """None: it was trained here, at no price."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A line: one run, or the mean of a group."""

    name: str
    ids: tuple[str, ...]
    """Of its runs."""
    xs: Floats = field(default_factory=lambda: np.empty(0))
    ys: Floats = field(default_factory=lambda: np.empty(0))
    breaks: tuple[int, ...] = ()
    """Indices that the line does not reach from the point before."""
    half: Floats | None = None
    """Half the width of the 95 % interval of the mean at each place; None where it is of a single run."""
    members: tuple[tuple[Floats, Floats], ...] = ()
    """Places and values, as they were measured, of each run that has a value."""
    bests: tuple[float, ...] = ()
    """Best value of each of them, in the direction in which the metric improves."""
    spent_usd: tuple[float, ...] = ()
    """What each of its runs that has a price has cost, whether it has values or not."""

    @property
    def finals(self) -> tuple[float, ...]:
        """Last value of each run that has one."""
        return tuple(float(values[-1]) for _, values in self.members)

    def values_at(self, x: float) -> tuple[float, ...]:
        """Return the value of each run at a place, by straight lines between its points."""
        return tuple(float(np.interp(x, *member)) for member in self.members)


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is compared."""

    metric: str = RETURN
    axis: XAxis = XAxis.STEPS
    weight: float = 0.0
    """Weight of the past in the moving average of each run; 0: none. The table's numbers are never smoothed."""
    is_aggregated: bool = False
    """Whether each group is one line."""


@dataclass(frozen=True)
class Estimate:
    """A mean over runs."""

    mean: float
    half: float | None
    """Half the width of its 95 % interval; None for a single run."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table."""

    curve: Curve
    common: Estimate | None
    """Where the shortest run ends, so that all had as much of the axis; None where the runs have no place in common."""
    final: Estimate
    best: Estimate
    cost: Estimate | None
    """Dollars of a run; None where none of its runs has a price."""
    against: Difference | None
    """How the common value differs from that of the first row; None in the first row, and without a common value."""


def names_of(ids: Sequence[str]) -> list[str]:
    """Return the ids without their times; those that would be alike then stay whole."""
    short = [id.partition("-")[2] or id for id in ids]
    return [id if short.count(name) > 1 else name for id, name in zip(ids, short, strict=True)]


def metrics_of(runs: Sequence[Compared]) -> list[str]:
    """Return the metrics that a run has, sorted."""
    found = {name for run in runs for name in run.view.series}
    if any(run.view.evaluations for run in runs):
        found.add(EVALUATIONS)
    return sorted(found)


def curves(runs: Sequence[Compared], question: Question) -> list[Curve]:
    """Return a line for each run or group, in the order of the runs; one without a value is empty."""
    if not question.is_aggregated:
        return [_single(run, question) for run in runs]
    groups: dict[str, list[Compared]] = {}
    for run in runs:
        groups.setdefault(same_but_seed(run.config) if run.config else run.id, []).append(run)
    members = list(groups.values())
    return [
        _mean(group, name, question) if len(group) > 1 else _single(group[0], question)
        for group, name in zip(members, _group_names(members), strict=True)
    ]


def common_place(lines: Sequence[Curve]) -> float | None:
    """Return where the shortest run ends, where every run has begun by then; else None."""
    members = [member for line in lines for member in line.members]
    last = min((float(xs[-1]) for xs, _ in members), default=None)
    return last if last is not None and all(xs[0] <= last for xs, _ in members) else None


def table(lines: Sequence[Curve]) -> list[Row]:
    """Return the table of the lines that have values; the first of them is what the others are compared with."""
    shown, place = [line for line in lines if line.members], common_place(lines)
    return [_row(line, shown[0] if index else None, place) for index, line in enumerate(shown)]


def value_at(line: Curve, x: float) -> float | None:
    """Return the value of a line at a place; None outside of it."""
    if not len(line.xs) or not line.xs[0] <= x <= line.xs[-1]:
        return None
    return float(np.interp(x, line.xs, line.ys))


def spanning(runs: Sequence[Compared], axis: XAxis) -> RunView:
    """Return a view that lasts as long as all runs together do on the axis; a lens looks through it."""
    starts = [run.view.started_at for run in runs if run.view.started_at is not None]
    start = min(starts, default=0.0)
    ends = [
        (start if axis is XAxis.ELAPSED else run.view.started_at) + (run.view.updated_at - run.view.started_at)
        for run in runs
        if run.view.started_at is not None and run.view.updated_at is not None
    ]
    step = max((run.view.step for run in runs), default=0)
    cost = max((float(run.costs.usd[-1]) for run in runs if run.costs and len(run.costs.usd)), default=0.0)
    return RunView(step=step, started_at=start, updated_at=max(ends, default=start), cost_usd=cost)


def without_price(runs: Sequence[Compared]) -> list[Compared]:
    """Return the runs that have no place on an axis of dollars."""
    return [run for run in runs if run.costs is None]


def _history(run: Compared, question: Question) -> History:
    history = History(question.weight)
    series = run.view.series.get(question.metric)
    if series is None and question.metric == EVALUATIONS:
        series = Series()
        for event in run.view.evaluations:
            series.append(event.step, event.time, event.return_mean)
    if series is not None:
        history.update(series, run.view.restarts)
    return history


def _single(run: Compared, question: Question) -> Curve:
    spent = () if run.costs is None else (run.costs.spent_usd,)
    history = _history(run, question)
    xs = _places(history, run, question.axis)
    if xs is None:
        return Curve(name=run.name, ids=(run.id,))
    kept = xs if len(xs) == 0 else np.maximum.accumulate(xs)  # a clock that was set back must not fold a line
    values = history.values
    return Curve(
        name=run.name,
        ids=(run.id,),
        xs=kept,
        ys=history.smooth.copy(),
        breaks=tuple(history.breaks),
        members=((kept, values.copy()),) if len(values) else (),
        bests=(_best(values, question.metric),) if len(values) else (),
        spent_usd=spent,
    )


def _group_names(groups: Sequence[Sequence[Compared]]) -> list[str]:
    """Return task and algorithm, or what tells groups of the same ones apart, and how many runs it is."""
    short = [group[0].id.partition("-")[2] for group in groups]
    bases = [name.rpartition("-s")[0] or name for name in short]
    names: list[str] = []
    for base, group in zip(bases, groups, strict=True):
        alike = [other[0] for other, name in zip(groups, bases, strict=True) if name == base]
        configs = [run.config for run in alike if run.config is not None]
        changes = [(key, values) for key, values in differing(configs).items() if key != SEED][:NAMED_KEYS]
        index = alike.index(group[0])
        apart = [f"{key.rpartition('.')[2]}={values[index]}" for key, values in changes if len(configs) == len(alike)]
        common = [] if apart and len(set(bases)) == 1 else [base]
        names.append(" ".join([*common, *apart, f"×{len(group)}"]))
    return names


def _mean(runs: Sequence[Compared], name: str, question: Question) -> Curve:
    """Return the mean of runs over the places where all of them have values, by straight lines between points."""
    singles = [_single(run, question) for run in runs]
    known = [single for single in singles if single.members]
    ids = tuple(run.id for run in runs)
    members = tuple(member for single in known for member in single.members)
    bests = tuple(value for single in known for value in single.bests)
    spent = tuple(value for single in singles for value in single.spent_usd)
    first = max((single.xs[0] for single in known), default=0.0)
    last = min((single.xs[-1] for single in known), default=0.0)
    if len(known) == 1:
        return replace(known[0], name=name, ids=ids, spent_usd=spent)
    if first >= last:
        return Curve(name=name, ids=ids, members=members, bests=bests, spent_usd=spent)
    grid = np.linspace(first, last, GRID)
    mean, half = mean_and_half([np.interp(grid, single.xs, single.ys) for single in known])
    return Curve(name=name, ids=ids, xs=grid, ys=mean, half=half, members=members, bests=bests, spent_usd=spent)


def _places(history: History, run: Compared, axis: XAxis) -> Floats | None:
    """Return where each value is; None where the run has no place on the axis."""
    if axis is XAxis.STEPS:
        return history.steps.copy()
    if axis is XAxis.COST:
        return None if run.costs is None else run.costs.at(history.times)
    return history.times - (run.view.started_at or 0.0) if axis is XAxis.ELAPSED else history.times.copy()


def _best(values: Floats, metric: str) -> float:
    known = explain(metric)
    is_lower_better = known is not None and known.is_higher_better is False
    return float(values.min() if is_lower_better else values.max())


def _row(line: Curve, baseline: Curve | None, place: float | None) -> Row:
    against = None
    if baseline is not None and place is not None:
        against = difference(line.values_at(place), baseline.values_at(place))
    return Row(
        curve=line,
        common=None if place is None else _estimate(line.values_at(place)),
        final=_estimate(line.finals),
        best=_estimate(line.bests),
        cost=_estimate(line.spent_usd) if line.spent_usd else None,
        against=against,
    )


def _estimate(values: Sequence[float]) -> Estimate:
    mean, half = mean_and_half(values)
    return Estimate(float(mean), None if half is None else float(half))
