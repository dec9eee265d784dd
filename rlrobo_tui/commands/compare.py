"""`rlrobo compare`: what runs reached, side by side, and what their configurations do not have in common."""

from typing import Annotated, Literal

import typer

from engine.protocol.errors import RlroboError, UnknownNameError, UsageError
from engine.protocol.json_lines import event_reader
from engine.protocol.run_dir import RunDir
from rlrobo_tui.commands.options import JsonOption, complete_runs, named_run
from rlrobo_tui.comparison import RETURN, Compared, Question, Row, common_place, curves, metrics_of, names_of, table
from rlrobo_tui.comparison_words import interval, place_text, signed, verdict
from rlrobo_tui.config_diff import differing
from rlrobo_tui.console import narrate, narrate_skipped, print_data, print_json, print_table
from rlrobo_tui.lens import XAxis
from rlrobo_tui.quantities import count_of
from rlrobo_tui.run_view import RunView

AXES = {"steps": XAxis.STEPS, "wall": XAxis.CLOCK, "relative": XAxis.ELAPSED}
"""What `--x` takes."""


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN", help="Two or more runs.", autocompletion=complete_runs)],
    *,
    metric: Annotated[str, typer.Option("--metric", "-m", help="What is compared.")] = RETURN,
    x: Annotated[
        Literal["steps", "wall", "relative"],
        typer.Option(help="Align on timesteps, on the time of day, or on the time since each run's start."),
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
    lines = curves(compared, Question(metric=metric, axis=AXES[x], is_aggregated=is_aggregated))
    rows, changes = table(lines), _changes(compared)
    place = common_place(lines)
    if as_json:
        print_json(_as_data(rows, metric=metric, x=x, place=place, changes=changes))
        return
    _print_rows(rows, metric, place_text(place, AXES[x]))
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
    return Compared(id=run.id, name=name, view=view, config=config)


def _print_rows(rows: list[Row], metric: str, place: str) -> None:
    print_data(metric)
    headers = ["RUN", ">N", f">AT {place}", ">FINAL", ">BEST", ">DIFFERENCE", "95 %"]
    cells = [
        (
            row.curve.name, str(len(row.curve.members)), interval(row.common), interval(row.final), interval(row.best),
            signed(row.against), verdict(row.against),
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
                "difference": row.against,
                "excludes_zero": row.against.excludes_zero if row.against else None,
            }
            for row in rows
        ],
        "config": changes,
    }
