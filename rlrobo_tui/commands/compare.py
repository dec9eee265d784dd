"""`rlrobo compare`: what runs reached, side by side, and what their configurations do not have in common."""

from typing import Annotated, Literal

import typer

from cloud.local import CloudFiles
from engine.protocol.errors import RlroboError, UnknownNameError, UsageError
from engine.protocol.json_lines import event_reader
from engine.protocol.run_dir import RunDir
from rlrobo_tui.commands.options import JsonOption, complete_runs, named_run
from rlrobo_tui.comparison import (
    RETURN,
    Compared,
    Question,
    Row,
    common_place,
    curves,
    metrics_of,
    names_of,
    table,
    without_price,
)
from rlrobo_tui.comparison_words import cost, interval, left_out, place_text, signed, verdict
from rlrobo_tui.config_diff import differing
from rlrobo_tui.console import narrate, narrate_skipped, print_data, print_json, print_table
from rlrobo_tui.costs import read_costs
from rlrobo_tui.lens import X_OPTIONS, XAxis
from rlrobo_tui.quantities import count_of
from rlrobo_tui.run_view import RunView


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN", help="Two or more runs.", autocompletion=complete_runs)],
    *,
    metric: Annotated[str, typer.Option("--metric", "-m", help="What is compared.")] = RETURN,
    x: Annotated[
        Literal["steps", "wall", "relative", "cost"],
        typer.Option(help="Align on timesteps, the time of day, the time since each run's start, or dollars."),
    ] = "steps",
    is_aggregated: Annotated[
        bool, typer.Option("--aggregate", help="Take runs that differ in the seed alone together.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare what runs reached, and their configurations."""
    found = list({run.path: run for run in map(named_run, runs)}.values())
    if len(found) < 2:
        raise UsageError("compare needs two runs or more; `rlrobo runs` lists them.")
    names = names_of([run.id for run in found])
    compared = [_read(run, name) for run, name in zip(found, names, strict=True)]
    known = metrics_of(compared)
    if metric not in known:
        raise UnknownNameError("metric", metric, known)
    axis = X_OPTIONS[x]
    if axis is XAxis.COST:
        _check_prices(compared)
    lines = curves(compared, Question(metric=metric, axis=axis, is_aggregated=is_aggregated))
    rows, changes = table(lines), _changes(compared)
    place = common_place(lines)
    if as_json:
        print_json(_as_data(rows, metric=metric, x=x, place=place, changes=changes))
        return
    _print_rows(rows, metric, place_text(place, axis))
    _print_changes(changes, names)


def _read(run: RunDir, name: str) -> Compared:
    """Read all of a run; a configuration that cannot be read is left out."""
    view, reader = RunView(run_id=run.id), event_reader(run.events)
    view.fold(reader.read_new())
    narrate_skipped(run.events, reader.num_corrupt)
    try:
        config = run.read_config()
    except (RlroboError, OSError) as err:
        narrate(f"rlrobo: {err}")
        config = None
    return Compared(id=run.id, name=name, view=view, config=config, costs=read_costs(CloudFiles(run)))


def _check_prices(runs: list[Compared]) -> None:
    """Name the runs that are not drawn over cost. Raises UsageError where none is."""
    free = without_price(runs)
    if len(free) == len(runs):
        raise UsageError("compare --x cost: all of these runs were trained here: no price; take steps, wall, relative.")
    if free:
        narrate(f"rlrobo: {left_out([run.name for run in free])}.")


def _print_rows(rows: list[Row], metric: str, place: str) -> None:
    print_data(metric)
    has_costs = any(row.cost for row in rows)
    headers = ["RUN", ">N", f">AT {place}", ">FINAL", ">BEST", *([">COST"] if has_costs else []), ">DIFFERENCE", "95 %"]
    cells = [
        (
            row.curve.name, str(len(row.curve.members)), interval(row.common), interval(row.final), interval(row.best),
            *([cost(row.cost)] if has_costs else []), signed(row.against), verdict(row.against),
        )
        for row in rows
    ]  # fmt: skip
    print_table(headers, cells)
    narrate(
        f"Means with 95 % intervals by Student's t over N seeds; differences at {place} from {rows[0].curve.name}, "
        "by Welch."
    )


def _print_changes(changes: dict[str, list[str]], names: list[str]) -> None:
    if not changes:
        narrate(f"The configurations of the {count_of(len(names), 'run')} are the same.")
        return
    print_data("")
    print_table(["KEY", *names], [(key, *values) for key, values in changes.items()])


def _changes(runs: list[Compared]) -> dict[str, list[str]]:
    configs = [run.config for run in runs if run.config is not None]
    return differing(configs) if len(configs) == len(runs) else {}


def _as_data(
    rows: list[Row], *, metric: str, x: str, place: float | None, changes: dict[str, list[str]]
) -> dict[str, object]:
    return {
        "metric": metric,
        "x": x,
        "common_place": place,
        "rows": [
            {
                "name": row.curve.name,
                "runs": row.curve.ids,
                "num_values": len(row.curve.members),
                "common": row.common,
                "final": row.final,
                "best": row.best,
                "cost_usd": row.cost,
                "difference": row.against,
                "excludes_zero": row.against.excludes_zero if row.against else None,
            }
            for row in rows
        ],
        "config": changes,
    }
