"""A run that ended goes on with one key and a yes, and the same screen shows it."""

import subprocess
import sys
from pathlib import Path

import pytest
from textual.pilot import Pilot

from engine.protocol.events import Resumed, RunEnded, StatusChanged
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason, Status
from rlrobo_tui import starting as starting_module
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.live import LiveScreen
from tests.rlrobo_tui.app_runs import append, drive, hold, make_run, screen_text, training, until


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[RunDir]:
    """The runs for which the app started an engine; a process that does nothing stands for it."""
    runs: list[RunDir] = []

    def start(run: RunDir) -> "subprocess.Popen[bytes]":
        runs.append(run)
        process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(2)"])
        process.wait()
        return process

    monkeypatch.setattr(starting_module, "start_engine", start)
    return runs


def ended_run(folder: Path, reason: EndReason) -> RunDir:
    return make_run(folder, events=[*training(), RunEnded(step=500, reason=reason, message="It is over.")])


async def shown(pilot: Pilot[None], words: str) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen) and words in screen_text(pilot.app))


async def ask(pilot: Pilot[None]) -> None:
    await shown(pilot, "R resume")
    await pilot.press("R")
    await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))


@pytest.mark.parametrize("reason", [EndReason.STOPPED, EndReason.NO_SPACE, EndReason.KILLED])
def test_yes_starts_an_engine_and_the_screen_goes_on(tmp_path: Path, started: list[RunDir], reason: EndReason) -> None:
    run = ended_run(tmp_path, reason)

    async def play(pilot: Pilot[None]) -> None:
        await ask(pilot)
        assert "goes on from its checkpoint at 500" in screen_text(pilot.app)
        await pilot.press("y")
        await until(pilot, lambda: started == [run])
        hold(run)
        events = [Resumed(step=500, total_timesteps=1000), StatusChanged(step=500, status=Status.RUNNING)]
        append(run, list(events))
        await shown(pilot, "RUN")
        await until(pilot, lambda: "R resume" not in screen_text(pilot.app))

    drive(RlroboApp(tmp_path, run=run), play)


def test_anything_but_yes_starts_nothing(tmp_path: Path, started: list[RunDir]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await ask(pilot)
        await pilot.press("enter")
        await shown(pilot, "R resume")

    drive(RlroboApp(tmp_path, run=ended_run(tmp_path, EndReason.STOPPED)), play)
    assert started == []


def test_an_engine_that_refuses_is_said(tmp_path: Path, started: list[RunDir]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await ask(pilot)
        await pilot.press("y")
        await shown(pilot, "ended before its first event (exit code 2)")

    drive(RlroboApp(tmp_path, run=ended_run(tmp_path, EndReason.STOPPED)), play)


def test_a_completed_run_does_not_offer_it(tmp_path: Path, started: list[RunDir]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await shown(pilot, "It is over.")
        await pilot.press("R")
        assert isinstance(pilot.app.screen, LiveScreen)
        assert "R resume" not in screen_text(pilot.app)

    drive(RlroboApp(tmp_path, run=ended_run(tmp_path, EndReason.COMPLETED)), play)
    assert started == []


def test_the_list_asks_the_same(tmp_path: Path, started: list[RunDir]) -> None:
    run = ended_run(tmp_path, EndReason.STOPPED)
    app = RlroboApp(tmp_path)

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "R Resume" in screen_text(app))
        for answer in ("n", "y"):
            await pilot.press("R")
            await until(pilot, lambda: isinstance(app.screen, Confirm))
            await pilot.press(answer)
        await until(pilot, lambda: started == [run])

    drive(app, play)
