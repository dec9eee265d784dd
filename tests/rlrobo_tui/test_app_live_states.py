"""What the live page says and offers when a run does not simply train."""

import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine.protocol.events import RunEnded, StatusChanged
from engine.protocol.heartbeat import Heartbeat
from engine.protocol.json_lines import EventWriter, LineReader
from engine.protocol.lock import read_holder
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason, Status
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.screens.log import LogScreen
from rlrobo_tui.screens.notices import NoticesScreen
from rlrobo_tui.starting import StartedEngine
from tests.rlrobo_tui.app_live import live
from tests.rlrobo_tui.app_runs import append, drive, hold, make_run, screen_text, training, until


async def says(pilot: Pilot[None], *words: str) -> None:
    for each in words:
        await until(pilot, lambda each=each: each in screen_text(pilot.app))


def test_a_hung_engine_is_killed_by_who_types_the_name(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=[])
    long_ago = time.time() - 100
    writer = EventWriter(run.events, clock=lambda: long_ago)
    for event in training():
        writer.write(event)
    writer.close()
    engine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    hold(run, engine.pid)
    beat = Heartbeat(time=time.time() + 1000, step=500, pid=engine.pid, stepped_at=long_ago)
    run.heartbeat.write_bytes(msgspec.json.encode(beat))

    async def play(pilot: Pilot[None]) -> None:
        await says(pilot, "No step for more than 60 s", "X kill")
        await pilot.press("X", "x", "enter")
        await says(pilot, "nothing happens")
        assert engine.poll() is None
        pilot.app.screen.query_one(Input).value = "cartpole_balance-ppo-s1"
        await pilot.press("enter")
        await until(pilot, lambda: engine.poll() is not None)
        await says(pilot, "✗ FAILED", "R resume")

    try:
        assert read_holder(run.lock_file) is not None
        drive(RlroboApp(tmp_path, run=run), play)
    finally:
        engine.kill()
        engine.wait()


@pytest.mark.slow
def test_a_pause_is_explained(run: RunDir) -> None:
    append(run, [StatusChanged(step=500, status=Status.PAUSED)])

    async def play(pilot: Pilot[None]) -> None:
        await says(pilot, "‖ PAUSE", "Paused at 500.", "p resume")

    drive(RlroboApp(run.path.parent, run=run), play)


@pytest.mark.slow
def test_a_full_disk_is_explained(run: RunDir) -> None:
    append(run, [StatusChanged(step=500, status=Status.PAUSED, detail="/runs: cannot write: the disk is full.")])

    async def play(pilot: Pilot[None]) -> None:
        await says(pilot, "cannot write", "Nothing is lost.", "p resume")

    drive(RlroboApp(run.path.parent, run=run), play)


def test_a_banner_says_more_when_it_gets_room(run: RunDir) -> None:
    detail = "/home/you/runs: cannot write: the disk is full. Free some space, then resume."
    append(run, [StatusChanged(step=500, status=Status.PAUSED, detail=detail)])

    async def play(pilot: Pilot[None]) -> None:
        await says(pilot, "cannot write", "p resume")
        await until(pilot, lambda: "Nothing is lost." not in screen_text(pilot.app))
        await pilot.resize_terminal(80, 24)
        await says(pilot, "cannot write", "Nothing is lost.", "p resume")

    drive(RlroboApp(run.path.parent, run=run), play, size=(80, 15))


def test_files_out_of_reach_are_said_and_read_again_when_they_are_back(
    run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = LineReader.read_blocks
    is_broken = False

    def read_or_fail(reader: LineReader) -> object:
        if is_broken:
            raise OSError(116, "Stale file handle")
        return read(reader)

    monkeypatch.setattr(LineReader, "read_blocks", read_or_fail)

    async def play(pilot: Pilot[None]) -> None:
        nonlocal is_broken
        await says(pilot, "LINK OK")
        is_broken = True
        await says(pilot, "LINK LOST as of", "Stale file handle", "● RUN")
        is_broken = False
        await until(pilot, lambda: "Stale file handle" not in screen_text(pilot.app))
        await says(pilot, "LINK OK")

    drive(RlroboApp(run.path.parent, run=run), play)


def test_an_engine_that_died_at_once_tells_its_last_words(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=[])
    run.engine_log.write_text("Traceback (most recent call last):\nImportError: no torch here\n")
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    process.wait()
    app = RlroboApp(tmp_path, run=run)
    app._engines[run.path] = StartedEngine(process, None)

    async def play(pilot: Pilot[None]) -> None:
        await says(pilot, "exit code 3", "It said: ImportError:", "no torch here", "e log")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen))
        await says(pilot, "> ImportError: no torch here")
        await pilot.press("k", "j", "escape")

    drive(app, play)


def test_notifications_can_be_read_again(run: RunDir) -> None:
    app = RlroboApp(run.path.parent, run=run)

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: live(pilot).view.step == 500)
        append(run, [RunEnded(step=500, reason=EndReason.COMPLETED, message="All timesteps are trained.")])
        await until(pilot, lambda: app.noticed)
        await pilot.press("N")
        await until(pilot, lambda: isinstance(pilot.app.screen, NoticesScreen))
        await says(pilot, f"{run.id} finished.")
        await pilot.press("escape")

    drive(app, play)
