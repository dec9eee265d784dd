"""The doctor page: what its child process tells, as it comes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

import rlrobo_tui.screens.doctor as doctor_module
from engine.protocol.errors import RlroboError
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.commands import check_all
from rlrobo_tui.commands.checks import Check, Verdict
from rlrobo_tui.screens.doctor import DoctorScreen
from rlrobo_tui.screens.runs import RunsScreen
from tests.rlrobo_tui.app_runs import drive, screen_text, until


class FakeJob:
    """Stands for the child process."""

    all: list["FakeJob"] = []  # noqa: RUF012

    def __init__(self, order: object, *, listen: Callable[[dict[str, Any]], None], over: Callable[..., None]) -> None:
        self.listen, self.over, self.is_stopped = listen, over, False
        self.all.append(self)

    def tell(self, check: Check) -> None:
        self.listen(msgspec.to_builtins(check))

    def stop(self) -> None:
        self.is_stopped = True


def test_checks_appear_one_by_one_with_their_remedies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "ChildJob", FakeJob)
    monkeypatch.setattr(FakeJob, "all", [])

    async def play(pilot: Pilot[None]) -> None:
        app = pilot.app
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, DoctorScreen))
        (job,) = FakeJob.all
        job.tell(Check(name="python", verdict=Verdict.OK, seen="3.11"))
        await until(pilot, lambda: "✓ python     3.11" in screen_text(app))
        assert "looks at this machine" in screen_text(app)
        job.tell(Check(name="display", verdict=Verdict.WARNING, seen="none", fix="record a video"))
        job.tell(Check(name="packages", verdict=Verdict.OK, seen=" ".join(f"package-number-{n}" for n in range(4))))
        job.over(None)
        await until(pilot, lambda: "training works here; 1 warning" in screen_text(app))
        for words in ("! display    none", "fix: record a video", "This terminal", "TERM"):
            assert words in screen_text(app)
        await pilot.resize_terminal(40, 24)
        await until(pilot, lambda: screen_text(app).count("\n" + " " * 14 + "package") == 3)
        await pilot.resize_terminal(80, 24)
        await pilot.press("r")
        await until(pilot, lambda: len(FakeJob.all) == 2 and "3.11" not in screen_text(app))
        await pilot.press("r", "j", "k")  # while it checks, r does nothing
        again = FakeJob.all[1]
        again.tell(Check(name="runs", verdict=Verdict.FAILURE, seen="/full", fix="free some space"))
        again.over(RlroboError("the process died."))
        await until(pilot, lambda: "2 failures: training does not work here yet" in screen_text(app))
        assert "✗ the process died." in screen_text(app)
        await pilot.press("r", "escape")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        assert [each.is_stopped for each in FakeJob.all] == [False, False, True]

    drive(RlroboApp(tmp_path), play)


def test_the_child_writes_a_message_for_each_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = Check(name="python", verdict=Verdict.OK, seen="3.11")
    bad = Check(name="settings", verdict=Verdict.FAILURE, seen="RLROBO_SEED")
    never = Check(name="video", verdict=Verdict.OK, seen="ffmpeg")
    monkeypatch.setattr(check_all, "CHECKS", (lambda: good, check_all.check_terminal, lambda: bad, lambda: never))
    check_all.main()
    lines = capsys.readouterr().err.splitlines()
    assert [msgspec.json.decode(line, type=Check) for line in lines] == [good, bad]
