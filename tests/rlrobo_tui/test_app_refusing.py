"""A key of something that is not possible now says why, in the terminal and in a browser that may only watch."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from engine.protocol.events import RunEnded
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.runs import RunsScreen
from tests.rlrobo_tui.app_live import loaded
from tests.rlrobo_tui.app_runs import drive, make_run, screen_text, training, until


def test_a_browser_that_may_only_watch_sees_why_no_key_steers(
    run: RunDir, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlrobo_tui.app.is_in_browser", lambda: True)

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("s", "n", "ctrl+o")
        remedy = "the app is read-only; `rlrobo web --steer` starts one that steers."
        assert told == [f"s Stop: {remedy}", f"n New: {remedy}", "^o Read-only: needs `rlrobo web --steer`."]
        assert isinstance(pilot.app.screen, LiveScreen)

    drive(RlroboApp(run.path.parent, run=run, options=Options(read_only=True)), play)
    assert not run.commands.exists()


def test_in_a_terminal_it_names_the_key_that_lets_it_steer(run: RunDir, told: list[str]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("p")
        assert told == ["p Pause: the app is read-only; ^o switches that off."]

    drive(RlroboApp(run.path.parent, run=run, options=Options(read_only=True)), play)


def test_the_banner_of_an_ended_run_offers_only_what_the_keys_do(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=[*training(), RunEnded(step=500, reason=EndReason.STOPPED)])

    def banner(pilot: Pilot[None]) -> str:
        return next((line for line in screen_text(pilot.app).splitlines() if "v replay" in line), "")

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: banner(pilot).startswith(" v replay   e log   esc all runs"))
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "R resume" in banner(pilot) and "P new run" in banner(pilot))

    app = RlroboApp(tmp_path, run=run, options=Options(read_only=True))
    app.key_map = {"app.new_run": "P"}
    drive(app, play)


def test_what_a_key_lacks_is_said_once_for_all_that_it_could_mean(tmp_path: Path, told: list[str]) -> None:
    run = make_run(tmp_path, events=[*training(), RunEnded(step=500, message="All timesteps are trained.")])

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: pilot.app.screen.view.status.is_over)  # type: ignore[attr-defined]
        await pilot.press("p", "b")
        assert told == ["p Pause: needs a run that trains.", "b Robot: needs a terminal of 200x50."]

    drive(RlroboApp(tmp_path, run=run), play)


def test_keys_that_are_typed_or_belong_to_a_dialog_say_nothing(run: RunDir, told: list[str]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))
        await until(pilot, lambda: "cartpole" in screen_text(pilot.app))
        await pilot.press("slash", "u", "X", "backspace", "backspace", "enter")
        await pilot.press("question_mark", "u", "escape")
        assert told == []
        await pilot.press("u")
        assert told == ["u Undelete: needs something deleted since the app started."]

    drive(RlroboApp(run.path.parent), play)
