"""`rlrobo bench app`: whether the terminal app keeps to its budgets on this machine."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine.protocol.errors import RlroboError
from engine.protocol.provenance import usable_cpus
from rlrobo_tui.bench.budgets import Measured, Plan, measure
from rlrobo_tui.commands.options import JsonOption
from rlrobo_tui.console import narrate, print_json, print_table

HEADERS = ("MEASURED", "TERMINAL", ">VALUE", ">BUDGET", "")


class OverBudgetError(RlroboError):
    """The app takes more than it may."""

    exit_code = 1


def app(
    *,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long it is watched while it watches a run.")] = 10.0,
    as_json: JsonOption = False,
) -> None:
    """Start the app in terminals of its own, measure what it takes, and compare that with its budgets.

    Exits with 1 when a budget is missed; a busy machine misses some.
    """
    load_before = os.getloadavg()[0]
    narrate(f"Measuring the app, about two minutes; load average {load_before:.1f} on {usable_cpus()} cores")
    found: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="rlrobo-bench-", ignore_cleanup_errors=True) as folder:
        for each in measure(Plan(folder=Path(folder), watch_s=seconds)):
            found.append(each)
            narrate(f"{each.name}, {each.size}: {_value(each)}")
    load_after = os.getloadavg()[0]
    if as_json:
        measured = [{**msgspec.to_builtins(each), "is_met": each.is_met} for each in found]
        print_json({"load_before": load_before, "load_after": load_after, "cores": usable_cpus(), "measured": measured})
    else:
        print_table(HEADERS, [_row(each) for each in found])
    missed = [each.name for each in found if not each.is_met]
    if missed:
        raise OverBudgetError(
            f"over budget: {', '.join(missed)}. The load average was {load_before:.1f} before and {load_after:.1f} "
            f"after on {usable_cpus()} cores; where other programs were busy, close them and measure again."
        )


def _row(each: Measured) -> tuple[str, ...]:
    budget = f"{each.budget:g} {each.unit}"
    return (each.name, each.size, _value(each), budget, "met" if each.is_met else "missed")


def _value(each: Measured) -> str:
    return f"{each.value:.{2 if each.unit == 's' else 1}f} {each.unit}"
