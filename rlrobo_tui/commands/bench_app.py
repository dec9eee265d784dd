"""`rlrobo bench app`: whether the terminal app keeps to its budgets on this machine."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import msgspec
import typer

from engine.protocol.errors import RlroboError, UnknownNameError
from engine.protocol.provenance import usable_cpus
from rlrobo_tui.bench.budgets import MEASUREMENTS, Measured, Plan, measure
from rlrobo_tui.commands.options import JsonOption
from rlrobo_tui.console import narrate, print_json, print_table

HEADERS = ("MEASURED", "TERMINAL", ">VALUE", ">BUDGET", "")


class OverBudgetError(RlroboError):
    """The app takes more than it may."""

    exit_code = 1


def app(
    *,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="NAME", help=f"Measure one of {', '.join(MEASUREMENTS)}; several times."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long it is watched while it watches a run.")] = 10.0,
    as_json: JsonOption = False,
) -> None:
    """Start the app in terminals of its own, measure what it takes, and compare that with its budgets.

    Exits with 1 when a budget is missed; a busy machine misses some. What was started is ended and what was written is
    deleted, however the command ends.
    """
    for name in only or []:
        if name not in MEASUREMENTS:
            raise UnknownNameError("measurement", name, MEASUREMENTS)
    before = os.getloadavg()[0]
    narrate(f"Measuring the app, {'about three minutes' if not only else 'a part'}; load average {before:.1f}")
    found: list[Measured] = []
    with _ending_by_signals(), _new_folder() as folder:
        for each in measure(Plan(folder=folder, watch_s=seconds, only=frozenset(only or ()))):
            found.append(each)
            narrate(f"{each.name}, {each.size}: {_value(each)}")
    _print(found, load=(before, os.getloadavg()[0]), as_json=as_json)


@contextmanager
def _new_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rlrobo-bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def _ending_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end this process as Ctrl-C does: through every block that ends what was started."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    previous = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _print(found: list[Measured], *, load: tuple[float, float], as_json: bool) -> None:
    if as_json:
        measured = [{**msgspec.to_builtins(each), "is_met": each.is_met} for each in found]
        print_json({"load_before": load[0], "load_after": load[1], "cores": usable_cpus(), "measured": measured})
    else:
        print_table(HEADERS, [_row(each) for each in found])
    busy = f"The load average was {load[0]:.1f} before and {load[1]:.1f} after, on {usable_cpus()} cores"
    missed = list(dict.fromkeys(f"{each.name}, {each.size}" for each in found if not each.is_met))
    if missed:
        raise OverBudgetError(
            f"over budget: {'; '.join(missed)}. {busy}; where other programs were busy, close them and measure again."
        )
    narrate(f"{busy}.")


def _row(each: Measured) -> tuple[str, ...]:
    budget = f"{each.budget:g} {each.unit}"
    return (each.name, each.size, _value(each), budget, "met" if each.is_met else "MISSED")


def _value(each: Measured) -> str:
    return f"{each.value:.{2 if each.unit == 's' else 1}f} {each.unit}"
