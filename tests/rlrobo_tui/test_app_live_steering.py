"""The keys of the live page that steer an engine, or write something about its run."""

import subprocess
import sys
from pathlib import Path

import pytest
from textual.pilot import Pilot

from engine.protocol.events import RunEnded, StatusChanged
from engine.protocol.json_lines import command_reader
from engine.protocol.run_dir import RunDir
from engine.protocol.status import OUTCOMES, EndReason, Status
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.widgets.banner import Banner
from tests.rlrobo_tui.app_live import live, loaded
from tests.rlrobo_tui.app_runs import append, drive, hold, make_run, screen_text, training, until


def commands(run: RunDir) -> list[str]:
    return [type(command).__name__ for command in command_reader(run.commands).read_new()]


@pytest.mark.parametrize(("key", "command"), [("p", "Pause"), ("c", "SaveCheckpoint")])
def test_one_key_pauses_or_saves(run: RunDir, key: str, command: str) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press(key)

    drive(RlroboApp(run.path.parent, run=run), play)
    assert commands(run) == [command]


def test_the_pause_key_resumes_a_paused_run(run: RunDir) -> None:
    append(run, [StatusChanged(step=500, status=Status.PAUSED)])

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("p")

    drive(RlroboApp(run.path.parent, run=run), play)
    assert commands(run) == ["Resume"]


@pytest.mark.parametrize("keys", [["s", "enter"], ["s", "escape"], ["s", "n", "s", "s", "q"]])
def test_nothing_stops_a_run_by_accident(run: RunDir, keys: list[str]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press(*keys)

    drive(RlroboApp(run.path.parent, run=run), play)
    assert commands(run) == []


def test_stop_needs_its_key_and_a_yes(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await pilot.press("y")

    drive(RlroboApp(run.path.parent, run=run), play)
    assert commands(run) == ["Stop"]


def test_a_run_that_is_over_takes_no_commands(tmp_path: Path) -> None:
    ended = RunEnded(step=500, reason=EndReason.DIVERGED, message="approx_kl became NaN at step 500.")
    run = make_run(tmp_path, events=[*training(), ended])

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: live(pilot).view.status is Status.FAILED)
        await pilot.press("p", "c", "s", "y")
        await until(pilot, lambda: "approx_kl became NaN" in screen_text(pilot.app))
        assert "✗ FAILED" in screen_text(pilot.app)

    drive(RlroboApp(tmp_path, run=run), play)
    assert commands(run) == []


def test_a_killed_engine_raises_the_banner(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=training())
    engine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    hold(run, engine.pid)

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        assert not pilot.app.screen.query_one(Banner).display
        engine.kill()
        engine.wait()
        await until(pilot, lambda: pilot.app.screen.query_one(Banner).display)
        await until(pilot, lambda: "died without a word" in screen_text(pilot.app))
        assert "Last checkpoint at 500" in screen_text(pilot.app)

    drive(RlroboApp(tmp_path, run=run), play)
    assert OUTCOMES[EndReason.KILLED].status is Status.FAILED


def test_quit_leaves_the_engine_alone(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=training())
    engine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    hold(run, engine.pid)

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("q")

    try:
        drive(RlroboApp(tmp_path, run=run), play)
        assert engine.poll() is None
        assert commands(run) == []
    finally:
        engine.kill()
        engine.wait()


def test_a_folder_that_cannot_be_written_is_said_and_survived(run: RunDir) -> None:
    run.commands.mkdir()

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("c")
        await until(pilot, lambda: any("cannot write" in notice.message for notice in pilot.app._notifications))

    drive(RlroboApp(run.path.parent, run=run), play)


def test_e_saves_a_report_in_the_runs_folder_and_says_where(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("E")
        path = run.path / "report.html"
        await until(pilot, lambda: str(path) in [notice.message for notice in pilot.app._notifications])
        assert "cartpole_balance" in path.read_text()

    drive(RlroboApp(run.path.parent, run=run), play)


@pytest.mark.slow
def test_a_report_that_cannot_be_written_is_said(run: RunDir) -> None:
    (run.path / "report.html").mkdir()

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("E")
        await until(pilot, lambda: any("report.html" in notice.message for notice in pilot.app._notifications))

    drive(RlroboApp(run.path.parent, run=run), play)
