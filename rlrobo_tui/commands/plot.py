"""`rlrobo plot`: draw a run's metrics with plotext; works in a pipe, without colour and in ASCII."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import plotext
import typer

from engine.protocol.errors import UnknownNameError, UsageError
from engine.protocol.json_lines import event_reader
from rlrobo_tui.commands.options import RunArgument, named_run
from rlrobo_tui.console import narrate_skipped, print_data, uses_ascii
from rlrobo_tui.curves import Smoother, decimate, padded_limits, tick_labels, ticks
from rlrobo_tui.glossary import METRICS
from rlrobo_tui.quantities import number
from rlrobo_tui.run_view import Point, RunView

DEFAULT_METRIC = "rollout/ep_rew_mean"
EVALUATIONS = "eval/return_mean"
"""What the evaluations are called here when the run wrote no such metric itself."""
_TO_ASCII = str.maketrans("┌┐└┘─│┤├┬┴┼", "++++-|+++++")


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """How a chart is drawn."""

    width: int
    """Columns."""
    height: int
    """Lines."""
    ascii_only: bool
    has_colour: bool


def plot(
    run: RunArgument = "latest",
    *,
    metrics: Annotated[
        list[str] | None, typer.Option("--metric", "-m", help=f"May be repeated. [default: {DEFAULT_METRIC}]")
    ] = None,
    width: Annotated[int, typer.Option(min=0, help="Columns; 0: as wide as the terminal.")] = 0,
    height: Annotated[int, typer.Option(min=0, help="Lines of each chart; 0: what fits the terminal.")] = 0,
    smooth: Annotated[float, typer.Option(min=0, max=0.999, help="Weight of the past in a moving average.")] = 0.0,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Draw with ASCII characters only.")] = False,
) -> None:
    """Draw a run's metrics over its timesteps."""
    found = named_run(run)
    view = RunView(run_id=found.id)
    reader = event_reader(found.events)
    view.fold(reader.read_new())
    narrate_skipped(found.events, reader.num_corrupt)
    names = metrics or [DEFAULT_METRIC]
    chosen = [select(view, name) for name in names]
    terminal = shutil.get_terminal_size((80, 24))
    canvas = Canvas(
        width=width or terminal.columns,
        height=height or max(8, min(24, (terminal.lines - 2) // len(names) - 1)),
        ascii_only=ascii_only or uses_ascii(),
        has_colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ,
    )
    for name, points in zip(names, chosen, strict=True):
        print_data(caption(name, points, smooth=smooth))
        print_data(draw(points, canvas, smooth=smooth))


def select(view: RunView, name: str) -> Sequence[Point]:
    """Return the history of a metric. Raises UsageError for one without values, with the nearest names."""
    series: dict[str, Sequence[Point]] = {**view.series}
    if view.evaluations:
        evaluations = [Point(item.step, item.time, item.return_mean) for item in view.evaluations]
        series.setdefault(EVALUATIONS, evaluations)
    if not series:
        raise UsageError(f"{view.run_id}: no metrics yet; watch it with `rlrobo watch {view.run_id}`.")
    if name not in series and name in METRICS:
        raise UsageError(f"{view.run_id}: {name}: no values so far; the run has {', '.join(sorted(series))}.")
    if name not in series:
        raise UnknownNameError("metric", name, sorted(series))
    return series[name]


def caption(name: str, points: Sequence[Point], *, smooth: float) -> str:
    """Write the line above a chart: the raw numbers, whatever is drawn."""
    values = [point.value for point in points]
    smoothed = f", drawn smoothed by {smooth:g}" if smooth else ""
    return (
        f"{name}: last {number(values[-1])} at step {points[-1].step:,}, "
        f"lowest {number(min(values))}, highest {number(max(values))}{smoothed}"
    )


def draw(points: Sequence[Point], canvas: Canvas, *, smooth: float = 0.0) -> str:
    """Draw one chart as lines of text."""
    # plotext's time grows with its input, so it never gets more than it can show.
    steps, raw = [point.step for point in points], [point.value for point in points]
    values = Smoother(smooth).extend(raw) if smooth else raw
    xs, ys = decimate(steps, values, num_columns=canvas.width, first=steps[0], last=steps[-1])
    figure = plotext.figure
    figure.clear()
    plotext.terminal.limit(False, False)
    figure.plot_size(canvas.width, canvas.height)
    figure.theme("simple" if canvas.has_colour else "colorless")
    _set_axis("x", padded_limits(xs) if len(set(xs)) < 2 else (xs[0], xs[-1]), canvas.width // 12)
    _set_axis("y", padded_limits(ys), canvas.height // 3)
    line = figure.signal(xs, ys, marker="*" if canvas.ascii_only else "braille")
    line.lines()
    figure.draw(line)
    text = str(figure.build().string()).rstrip()
    if not canvas.has_colour:
        text = plotext.uncolorize(text)
    return text.translate(_TO_ASCII) if canvas.ascii_only else text


def _set_axis(axis: str, limits: tuple[float, float], num_ticks: int) -> None:
    positions = ticks(*limits, num_ticks=max(3, num_ticks))
    ruler = plotext.figure.ruler(axis)
    ruler.lim(*limits)
    ruler.ticks(positions, tick_labels(positions))
