"""`rlrobo plot`: draw metrics of runs in the terminal (in a pipe, without colour and in ASCII too), or as pictures."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from engine.protocol.errors import ConfigError, RlroboError, UnknownNameError, UsageError
from engine.protocol.json_lines import event_reader
from engine.protocol.run_dir import RunDir
from rlrobo_tui.commands.options import complete_runs, named_run
from rlrobo_tui.comparison import MAX_LINES, Compared, Curve, Question, curves, metrics_of, names_of
from rlrobo_tui.console import narrate, narrate_skipped, print_data, uses_ascii
from rlrobo_tui.glossary import METRICS
from rlrobo_tui.quantities import number
from rlrobo_tui.run_view import RunView
from rlrobo_tui.text_plot import LETTERS, Canvas, draw

DEFAULT_METRIC = "rollout/ep_rew_mean"


def plot(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN",
            help="Ids, parts of them, paths, or `latest`.  [default: latest]",
            autocompletion=complete_runs,
        ),
    ] = None,
    *,
    metrics: Annotated[
        list[str] | None, typer.Option("--metric", "-m", help=f"May be repeated. [default: {DEFAULT_METRIC}]")
    ] = None,
    is_aggregated: Annotated[
        bool, typer.Option("--aggregate", help="Take runs that differ in the seed alone together: mean and 95 %.")
    ] = False,
    smooth: Annotated[float, typer.Option(min=0, max=0.999, help="Weight of the past in a moving average.")] = 0.0,
    width: Annotated[int, typer.Option(min=0, help="Columns; 0: as wide as the terminal.")] = 0,
    height: Annotated[int, typer.Option(min=0, help="Lines of each chart; 0: what fits the terminal.")] = 0,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Draw with ASCII characters only.")] = False,
    png: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Write a picture instead.")] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Write a drawing instead.")] = None,
    theme: Annotated[Literal["light", "dark"], typer.Option(help="Colours of --png and --svg.")] = "light",
) -> None:
    """Draw metrics of runs over their timesteps."""
    for option, path in (("--png", png), ("--svg", svg)):
        if path is not None:
            _check_picture(option, path)
    found = list({run.path: run for run in map(named_run, runs or ["latest"])}.values())
    compared = [_read(run, name) for run, name in zip(found, names_of([run.id for run in found]), strict=True)]
    names = metrics or [DEFAULT_METRIC]
    panels = {
        name: select(compared, Question(metric=name, weight=smooth, is_aggregated=is_aggregated)) for name in names
    }
    paths = [path for path in (png, svg) if path is not None]
    if paths:
        _write(panels, paths, theme=theme, smooth=smooth)
        return
    terminal = shutil.get_terminal_size((80, 24))
    num_captions = sum(len(lines) for lines in panels.values())
    canvas = Canvas(
        width=width or terminal.columns,
        height=height or max(8, min(24, (terminal.lines - 1 - num_captions) // len(panels))),
        ascii_only=ascii_only or uses_ascii(),
        has_colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ,
    )
    for name, lines in panels.items():
        for letter, line in zip(LETTERS, lines, strict=False):
            print_data(caption(name if len(lines) == 1 else f"{letter} {line.name}", line, smooth=smooth))
        print_data(draw(lines, canvas))


def select(runs: Sequence[Compared], question: Question) -> list[Curve]:
    """Return the lines of a metric; runs without it are named. Raises UsageError where none has it."""
    lines = curves(runs, question)
    shown = [line for line in lines if len(line.xs)]
    known = metrics_of(runs)
    who = runs[0].id if len(runs) == 1 else f"the {len(runs)} runs"
    if not known:
        raise UsageError(f"{who}: no metrics yet; watch with `rlrobo watch {runs[0].id}`.")
    if not shown and question.metric in METRICS:
        raise UsageError(f"{who}: {question.metric}: no values so far; there are {', '.join(known)}.")
    if not shown:
        raise UnknownNameError("metric", question.metric, known)
    if len(shown) > MAX_LINES:
        raise UsageError(f"{len(shown)} lines cannot be told apart; give at most {MAX_LINES} runs, or --aggregate.")
    for line in lines:
        if not len(line.xs):
            narrate(f"rlrobo: {line.name}: {question.metric}: no values so far.")
    return shown


def caption(name: str, line: Curve, *, smooth: float) -> str:
    """Write the line above a chart: the numbers as measured, whatever is drawn."""
    smoothed = f", drawn smoothed by {smooth:g}" if smooth else ""
    if line.half is not None:
        half = number(float(line.half[-1]))
        return f"{name}: mean {number(float(line.ys[-1]))} ± {half} (95 %) at step {line.xs[-1]:,.0f}{smoothed}"
    ((steps, values),) = line.members
    return (
        f"{name}: last {number(float(values[-1]))} at step {steps[-1]:,.0f}, "
        f"lowest {number(float(values.min()))}, highest {number(float(values.max()))}{smoothed}"
    )


def _read(run: RunDir, name: str) -> Compared:
    view, reader = RunView(run_id=run.id), event_reader(run.events)
    for events in reader.read_blocks():
        view.fold(events)
    narrate_skipped(run.events, reader.num_corrupt)
    try:
        config = run.read_config()
    except (RlroboError, OSError) as err:
        narrate(f"rlrobo: {err}")
        config = None
    return Compared(id=run.id, name=name, view=view, config=config)


def _check_picture(option: str, path: Path) -> None:
    ending = f".{option.lstrip('-')}"
    if path.suffix.lower() != ending:
        raise ConfigError("command line", option, f"expected a file that ends in {ending}, got {str(path)!r}.")
    if not path.absolute().parent.is_dir():
        raise ConfigError("command line", option, f"no such directory: {path.absolute().parent}; make it first.")


def _write(panels: dict[str, list[Curve]], paths: Sequence[Path], *, theme: str, smooth: float) -> None:
    try:
        from rlrobo_tui.pictures import save
    except ModuleNotFoundError as err:
        if err.name is None or err.name.partition(".")[0] != "matplotlib":
            raise
        raise UsageError("matplotlib is not installed; install it with `pip install 'rlrobo[plot]'`.") from err
    save(panels, paths, theme=theme, smooth=smooth)
    for path in paths:
        print_data(str(path))
