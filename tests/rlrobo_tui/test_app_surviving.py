"""A part of the app that fails is reported; the app goes on at the list of runs."""

from pathlib import Path
from typing import Any

import pytest
from textual import work
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.widgets import Static

from rlrobo_tui.app import RlroboApp
from rlrobo_tui.crashes import NUM_KEPT, write_report
from rlrobo_tui.folders import state_dir
from rlrobo_tui.screens.crash import CrashScreen
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.page import Page
from rlrobo_tui.screens.runs import RunsScreen
from tests.rlrobo_tui.app_runs import drive, make_run, screen_text, soon, training, until


class Fragile(Page[None]):
    """A page that fails where it is told to."""

    SCOPE = "fragile"
    BINDINGS = [("x", "fail", "Fail")]  # noqa: RUF012

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def compose(self) -> ComposeResult:
        if self.place == "compose":
            raise ValueError("bad day in compose")
        yield Static("a page", id="words")

    def on_mount(self) -> None:
        self.query_one("#words", Static).update("a mounted page")
        if self.place == "mount":
            raise ValueError("bad day in mount")
        if self.place == "thread":
            self.read()
        if self.place == "timer":
            self.set_timer(0.01, self.action_fail)
        if self.place == "refresh":
            self.call_after_refresh(self.action_fail)

    @work(thread=True)
    def read(self) -> None:
        raise ValueError("bad day in thread")

    def on_resize(self) -> None:
        if self.place == "handler":
            raise ValueError("bad day in handler")

    def action_fail(self) -> None:
        raise ValueError(f"bad day in {self.place}")


PLACES = ("compose", "mount", "handler", "thread", "timer", "refresh", "action")


def test_wherever_a_page_fails_the_app_goes_on_at_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlrobo_tui.surviving.AGAIN_S", 0.0)  # the pages below fail one right after the other
    make_run(tmp_path, events=training())

    async def play(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, RlroboApp)
        for number, place in enumerate(PLACES, start=1):
            app.push_screen(Fragile(place))
            if place == "action":
                await soon(lambda: "a mounted page" in screen_text(app))
                app.simulate_key("x")
            await soon(lambda: isinstance(app.screen, CrashScreen))
            await soon(lambda place=place: f"ValueError: bad day in {place}" in screen_text(app))
            assert len(app.crashes) == number
            app.simulate_key("c")
            await soon(lambda: app.clipboard == app.crashes[-1])
            app.simulate_key("escape")
            await soon(lambda: isinstance(app.screen, RunsScreen))
        await until(pilot, lambda: "cartpole" in screen_text(app))
        await pilot.press("enter")  # and everything works as before
        await until(pilot, lambda: isinstance(app.screen, LiveScreen))

    app = RlroboApp(tmp_path)
    drive(app, play, may_fail=True)
    written = sorted((state_dir() / "crashes").glob("*.txt"))
    assert len(written) == len(PLACES)
    report = written[0].read_text()
    for words in ("screen    Fragile, 80x24", "textual", "Traceback", "bad day"):
        assert words in report


def test_a_second_failure_at_once_ends_the_app_and_names_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlrobo_tui.surviving.AGAIN_S", 3600.0)
    said: list[str] = []

    leave = RlroboApp.exit

    def exit_and_record(app: RlroboApp, *arguments: Any, **keywords: Any) -> None:
        said.append(str(keywords.get("message")))
        leave(app, *arguments, **keywords)

    monkeypatch.setattr(RlroboApp, "exit", exit_and_record)

    async def play(pilot: Pilot[None]) -> None:
        app = pilot.app
        app.push_screen(Fragile("thread"))
        await soon(lambda: isinstance(app.screen, CrashScreen))
        app.push_screen(Fragile("mount"))
        await soon(lambda: app.return_code == 1)

    app = RlroboApp(tmp_path)
    drive(app, play, may_fail=True)
    assert len(app.crashes) == 2
    assert "runs go on" in said[-1]
    assert str(state_dir() / "crashes") in said[-1]


def test_only_the_newest_reports_are_kept(tmp_path: Path) -> None:
    for number in range(NUM_KEPT + 3):
        (tmp_path / f"20200101-0000{number:02}.txt").write_text("old")
    path = write_report(tmp_path, "new")
    assert path is not None
    assert path.read_text() == "new"
    assert len(list(tmp_path.iterdir())) == NUM_KEPT


def test_a_place_that_cannot_be_written_is_no_second_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert write_report(tmp_path / "file", "new") is None
