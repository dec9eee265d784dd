"""What is measured of the app, beside what it may take; and a short run of all of it on the real app."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from engine.protocol.errors import UnknownNameError
from rlrobo_tui.bench import budgets
from rlrobo_tui.bench.budgets import MEASUREMENTS, Measured, Plan, measure
from rlrobo_tui.commands import bench_app
from tests.rlrobo_tui.cli_calls import Cli, start_process, until_ended

SHORT = Plan(folder=Path(), watch_s=0.5, num_keys=4, num_starts=1, num_points=20_000, num_runs=30)
QUICK = Measured(name="first frame", size="80x24", value=0.25, budget=0.5, unit="s")
HEAVY = Measured(name="memory", size="120x40", value=151.0, budget=150.0, unit="MB")


@pytest.mark.parametrize(("value", "is_met"), [(0.49, True), (0.5, True), (0.51, False)])
def test_a_budget_is_met_up_to_its_value(value: float, is_met: bool) -> None:
    assert Measured(name="first frame", size="80x24", value=value, budget=0.5, unit="s").is_met is is_met


def test_only_what_is_asked_for_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def fake(name: str) -> Iterator[Measured]:
        yield Measured(name=name, size="", value=0, budget=0, unit="")

    monkeypatch.setattr(budgets, "MEASUREMENTS", {name: lambda _, name=name: fake(name) for name in MEASUREMENTS})
    assert [each.name for each in measure(Plan(folder=Path()))] == list(MEASUREMENTS)
    some = Plan(folder=Path(), only=frozenset({"keys", "long"}))
    assert [each.name for each in measure(some)] == ["keys", "long"]


def measured(monkeypatch: pytest.MonkeyPatch, *found: Measured) -> list[Plan]:
    """Let `bench app` find these; return the plans that it makes."""
    plans: list[Plan] = []

    def fake(plan: Plan) -> Iterator[Measured]:
        plans.append(plan)
        yield from found

    monkeypatch.setattr(bench_app, "measure", fake)
    monkeypatch.setattr(os, "getloadavg", lambda: (1.5, 1.0, 1.0))
    return plans


def test_the_table_shows_value_budget_and_the_machine_s_load(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = measured(monkeypatch, QUICK)
    result = cli("bench", "app", "--only", "start", "--seconds", "3")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split() == ["first", "frame", "80x24", "0.25", "s", "0.5", "s", "met"]
    assert "The load average was 1.5 before and 1.5 after" in result.stderr
    assert (plans[0].only, plans[0].watch_s) == ({"start"}, 3.0)
    assert not plans[0].folder.exists()


def test_a_missed_budget_is_marked_in_words_and_by_the_exit_code(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    measured(monkeypatch, QUICK, HEAVY)
    result = cli("bench", "app")
    assert result.exit_code == 1
    assert [line.split()[-1] for line in result.stdout.splitlines()[1:]] == ["met", "MISSED"]
    assert "over budget: memory, 120x40. The load average was 1.5 before" in result.stderr


def test_json_holds_the_same(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    measured(monkeypatch, HEAVY)
    printed = json.loads(cli("bench", "app", "--json").stdout)
    assert printed["load_before"] == printed["load_after"] == 1.5
    assert printed["measured"] == [
        {"name": "memory", "size": "120x40", "value": 151.0, "budget": 150.0, "unit": "MB", "is_met": False}
    ]


def test_an_unknown_measurement_is_refused_with_the_known_ones(cli: Cli) -> None:
    result = cli("bench", "app", "--only", "strat")
    assert result.exit_code == UnknownNameError.exit_code
    assert "start" in result.stderr


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGHUP, 128 + signal.SIGHUP), (signal.SIGINT, 130)],
)
def test_a_signal_ends_everything_that_was_started(tmp_path: Path, number: signal.Signals, code: int) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    with start_process(tmp_path / "runs", "bench", "app", "--only", "keys", TMPDIR=str(folder)) as bench:
        assert bench.stderr is not None
        bench.stderr.readline()
        process = psutil.Process(bench.pid)
        while len(children := process.children(recursive=True)) < 2:  # the app and what writes events for it
            assert bench.poll() is None
        bench.send_signal(number)
        assert bench.wait(timeout=60) == code
    for each in children:  # what writes events sees within an instant that its parent is gone
        until_ended(each.pid)
    assert not list(folder.iterdir())


@pytest.mark.slow
def test_everything_is_measured_on_the_real_app(tmp_path: Path) -> None:
    before = {process.pid for process in psutil.process_iter()}
    found = list(measure(replace(SHORT, folder=tmp_path)))
    assert [(each.name.split(",")[0], each.size) for each in found] == [
        ("first frame", "80x24"), ("first frame", "120x40"),
        ("key to paint", "80x24"), ("key to paint", "120x40"),
        ("line", "80x24"), ("processor", "80x24"), ("memory", "80x24"),
        ("line", "120x40"), ("processor", "120x40"), ("memory", "120x40"),
        ("opening 20", "120x40"),
        ("listing 30 runs after the first frame", "120x40"),
        ("killed engine to banner", "80x24"), ("killed with its supervisor to banner", "80x24"),
    ]  # fmt: skip
    assert all(each.value >= 0 for each in found)
    new = [process for process in psutil.process_iter(["pid", "cmdline"]) if process.pid not in before]
    assert not [process for process in new if str(tmp_path) in " ".join(process.info["cmdline"] or [])]
