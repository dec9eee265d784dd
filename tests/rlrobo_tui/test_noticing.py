"""Notifications are few, not repeated, and kept; the bell rings for runs that nobody looks at."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.protocol.events import RunEnded
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.noticing import NUM_SHOWN
from rlrobo_tui.screens import runs as runs_module
from rlrobo_tui.screens.links import GoOn
from rlrobo_tui.screens.notices import NoticesScreen
from tests.rlrobo_tui.app_runs import append, drive, hold, make_run, screen_text, training, until


def shown(app: RlroboApp) -> list[str]:
    return [each.message for each in app._notifications]


def test_few_are_shown_errors_stay_and_all_can_be_read_later(tmp_path: Path) -> None:
    app = RlroboApp(tmp_path)

    async def play(pilot: Pilot[None]) -> None:
        app.notify("bad", severity="error")
        await until(pilot, lambda: "bad" in shown(app))
        for text in ("one", "one", "two", "two", "three"):
            app.notify(text)
            await until(pilot, lambda text=text: text in shown(app))
        assert shown(app) == ["bad", "two", "three"]
        assert len(shown(app)) == NUM_SHOWN
        bad = next(each for each in app._notifications if each.message == "bad")
        assert bad.time_left > 3600
        await pilot.press("N")
        await until(pilot, lambda: isinstance(app.screen, NoticesScreen) and "bad" in screen_text(app))
        assert [each.text for each in app.noticed] == ["bad", "one", "two", "three"]
        assert shown(app) == []

    drive(app, play)


def test_a_run_that_goes_on_takes_the_notice_of_its_end_away(tmp_path: Path, started: list[RunDir]) -> None:
    run = make_run(tmp_path, events=training())
    hold(run)
    app = RlroboApp(tmp_path, run=run)

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "RUN" in screen_text(app))
        append(run, [RunEnded(step=600, reason=EndReason.DIVERGED, message="The loss is NaN.")])
        await until(pilot, lambda: shown(app) == [f"{run.id} failed."])
        app.notify("Something else.")
        await until(pilot, lambda: len(shown(app)) == 2)
        app.post_message(GoOn(run, seen_until=None))
        await until(pilot, lambda: started == [run] and shown(app) == ["Something else."])

    drive(app, play)


@pytest.mark.parametrize(("term", "has_words"), [("xterm", True), ("linux", False)])
def test_the_end_of_a_run_out_of_sight_is_told_and_rung_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, term: str, has_words: bool
) -> None:
    written: list[str] = []
    monkeypatch.setattr(runs_module, "REFRESH_BEHIND_S", 0.1)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(RlroboApp, "bell", lambda _: written.append("bell"))
    make_run(tmp_path, events=[*training(), RunEnded(step=500, reason=EndReason.COMPLETED)], seed=2)
    run = make_run(tmp_path, events=training())
    hold(run)
    app = RlroboApp(tmp_path)

    async def play(pilot: Pilot[None]) -> None:
        app.prefer("bell", True)
        driver: Any = app._driver
        await until(pilot, lambda: "1 active" in screen_text(app))
        await pilot.press("comma")  # another page lies over the list
        monkeypatch.setattr(driver, "write", lambda text: written.append(text) if "\x1b]9" in text else None)
        append(run, [RunEnded(step=600, reason=EndReason.DIVERGED, message="The loss is\x07 NaN.")])
        await until(pilot, lambda: any(run.id in each for each in shown(app)))
        await until(pilot, lambda: "bell" in written)
        app.ring(run.id, "again")  # as the run's own page does a moment later

    drive(app, play)
    assert written == ["bell", *([f"\x1b]9;{run.id} failed.\x07"] if has_words else [])]
    assert [each.severity for each in app.noticed if run.id in each.text] == ["error"]
