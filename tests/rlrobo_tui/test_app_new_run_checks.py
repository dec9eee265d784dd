"""What the form for a new run finds out before it starts one: speed, models, files, memory and disk."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

import rlrobo_tui.own_robot as own_robot_module
import rlrobo_tui.widgets.hardware_step as hardware_module
from engine.protocol.errors import StorageError
from engine.protocol.run_dir import RunDir, list_runs
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.twin import Output
from tests.rlrobo_tui.app_forms import WIDE, form
from tests.rlrobo_tui.app_runs import drive, make_run, screen_text, until


def test_the_speed_is_measured_by_a_child_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[str, ...]] = []

    async def run_command(*arguments: str) -> Output:
        called.append(arguments)
        return Output(0, 'noise\n[{"task": "cartpole_balance", "ours": 36000.0}]', "")

    monkeypatch.setattr(hardware_module, "run_command", run_command)

    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot, "ctrl+n", "ctrl+n")
        await until(pilot, lambda: "cores, load" in screen_text(pilot.app) or "core, load" in screen_text(pilot.app))
        assert screen.may_measure
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "36.0k steps/s on one core" in screen_text(pilot.app))

    drive(RlroboApp(tmp_path), play)
    assert called[0][:3] == ("bench", "sim", "cartpole_balance")


@pytest.mark.slow
def test_a_measurement_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run_command(*_: str) -> Output:
        return Output(1, "", "rlrobo: no room\n")

    monkeypatch.setattr(hardware_module, "run_command", run_command)

    async def play(pilot: Pilot[None]) -> None:
        await form(pilot, "ctrl+n", "ctrl+n", "ctrl+g")
        await until(pilot, lambda: "✗ no room" in screen_text(pilot.app))

    drive(RlroboApp(tmp_path), play)


REPORT: dict[str, Any] = {
    "task": "my", "observation": {"joints": 6, "base": 4}, "actions": ["hip", "knee"], "max_episode_steps": 100,
    "promises": [{"name": "resets differ", "problem": ""}, {"name": "is finite", "problem": "nan in base"}],
    "agents": {"random": {"mean_return": 3.5, "mean_length_steps": 40.0, "steps_per_s": 900.0}},
    "notes": ["the knee never moves"],
}  # fmt: skip


def test_a_model_becomes_a_task_that_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "my.urdf"
    model.write_text("<robot/>")
    called: list[tuple[str, ...]] = []

    async def run_command(*arguments: str) -> Output:
        called.append(arguments)
        if arguments[1] == "new":
            (tmp_path / "my.yaml").write_text("robot: {model: my.urdf}\n")
            return Output(0, str(tmp_path / "my.yaml"), "")
        return Output(1, json.dumps(REPORT), "")

    monkeypatch.setattr(own_robot_module, "run_command", run_command)

    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot)
        own = screen.query_one("#own", Input)
        own.focus()
        own.value = str(model)
        await until(pilot, lambda: "Enter writes a task" in screen_text(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: screen.answers.target == str(tmp_path / "my.yaml"))
        for words in ("my.yaml was written", "10 numbers", "2: hip, knee", "1 of 2 kept", "✗ is finite: nan in base"):
            assert words in screen_text(pilot.app)
        assert own.value == str(tmp_path / "my.yaml")
        assert "--preset generic" in screen.command

    drive(RlroboApp(tmp_path / "runs"), play, size=WIDE)
    assert [words[1] for words in called] == ["new", "check"]


@pytest.mark.slow
def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot)
        own = screen.query_one("#own", Input)
        own.focus()
        own.value = str(tmp_path / "my.yaml")
        await until(pilot, lambda: "no such file" in screen_text(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: screen.query_one("#own-words", Static).display)
        own.value = ""
        await until(pilot, lambda: screen.answers.target == "cartpole_balance")

    drive(RlroboApp(tmp_path / "runs"), play)


def test_the_review_shows_checks_yaml_and_moves(tmp_path: Path) -> None:
    make_run(tmp_path, events=[])

    async def play(pilot: Pilot[None]) -> None:
        await form(pilot, *["ctrl+n"] * 3)
        await until(pilot, lambda: "✓ disk" in screen_text(pilot.app))
        assert re.search(r"✓ disk +about [\d.]+ MB of .* free", screen_text(pilot.app))
        assert "task: cartpole_balance" in screen_text(pilot.app)
        await pilot.press(*"jjj")
        await until(pilot, lambda: "task: cartpole_balance" not in screen_text(pilot.app))
        await pilot.press(*"kkk")
        await until(pilot, lambda: "task: cartpole_balance" in screen_text(pilot.app))

    drive(RlroboApp(tmp_path), play)


@pytest.mark.slow
def test_what_cannot_start_cannot_be_started_by_the_button(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.protocol.disk.free_bytes", lambda _: 1000)

    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot, *["ctrl+n"] * 3)
        await until(pilot, lambda: "✗ disk" in screen_text(pilot.app))
        assert screen.query_one("#launch", Button).disabled

    drive(RlroboApp(tmp_path), play)


@pytest.mark.slow
def test_a_run_that_cannot_be_stored_is_said_and_survived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> RunDir:
        raise StorageError("/full: cannot write: the disk is full.")

    monkeypatch.setattr("rlrobo_tui.commands.packing.make_run", refuse)

    async def play(pilot: Pilot[None]) -> None:
        await form(pilot, "ctrl+r")
        await until(pilot, lambda: "✗ /full: cannot write: the disk is full." in screen_text(pilot.app))

    drive(RlroboApp(tmp_path), play)
    assert list_runs(tmp_path) == []


@pytest.mark.slow
def test_nothing_starts_while_the_app_is_read_only(tmp_path: Path, started: list[RunDir]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await form(pilot, "ctrl+o", "ctrl+r")
        await pilot.pause()

    drive(RlroboApp(tmp_path), play)
    assert started == []
