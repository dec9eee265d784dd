"""`rlrobo bench sim`: what it asks the child for, the table, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from rlrobo_tui.commands import bench as bench_module
from robots.registry import task_ids
from tests.rlrobo_tui.cli_calls import Cli

ANT = {
    "task": "ant_walk",
    "num_envs": 32,
    "ours": 4000.4,
    "ceiling": 5000.0,
    "ratio": 0.8,
    "peer": 2000.0,
    "speedup": 2.0,
    "reset_ms": 0.25,
}
CARTPOLE = {**ANT, "task": "cartpole_balance", "peer": None, "speedup": None}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stand in for the child; holds the arguments that it got."""
    calls: list[list[str]] = []

    def fake(module: str, arguments: list[str], *, working_directory: Path, listen: Any) -> str:
        assert module == "robots.bench"
        calls.append(arguments)
        listen({"done": "ant_walk"})
        return json.dumps([ANT, CARTPOLE])

    monkeypatch.setattr(bench_module, "run_child", fake)
    return calls


def test_table_shows_rates_next_to_ceiling_and_peer(cli: Cli, asked: list[list[str]]) -> None:
    result = cli("bench", "sim", "ant_walk", "cartpole_balance", "--seconds", "3")
    assert asked == [["ant_walk", "cartpole_balance", "--seconds", "3.0"]]
    header, ant, cartpole = result.stdout.splitlines()
    assert header.split() == ["TASK", "ENVS", "OURS", "CEILING", "RATIO", "PEER", "SPEEDUP", "RESET"]
    assert ant.split() == ["ant_walk", "32", "4,000", "5,000", "0.80", "2,000", "2.00x", "0.25", "ms"]
    assert cartpole.split()[5:7] == ["-", "-"]
    assert "Measured ant_walk" in result.stderr


def test_json_holds_what_was_measured(cli: Cli, asked: list[list[str]]) -> None:
    result = cli("bench", "sim", "ant_walk", "--num-envs", "4", "--json")
    assert asked[0][-2:] == ["--num-envs", "4"]
    assert json.loads(result.stdout) == [ANT, CARTPOLE]


def test_no_task_means_every_task(cli: Cli, asked: list[list[str]]) -> None:
    cli("bench", "sim")
    assert asked[0][: len(task_ids())] == task_ids()


def test_unknown_task_names_the_nearest_before_anything_is_measured(cli: Cli, asked: list[list[str]]) -> None:
    result = cli("bench", "sim", "ant_wlak")
    assert result.exit_code == 2
    assert "did you mean 'ant_walk'" in result.stderr
    assert asked == []
