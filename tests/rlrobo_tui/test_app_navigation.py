"""The ways from page to page, which are the same everywhere."""

from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot

from rlrobo_tui.app import RlroboApp
from rlrobo_tui.screens.help import HelpScreen
from rlrobo_tui.screens.live import LiveScreen
from tests.rlrobo_tui.app_runs import drive, make_run, training, until


def test_keys_lead_from_page_to_page_and_back(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=training())
    walk = (
        ("2", "live"), ("1", "runs"), ("minus", "live"), ("comma", "settings"), ("escape", "live"),
        ("escape", "runs"), ("escape", "runs"), ("2", "live"),
    )  # fmt: skip

    async def play(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, RlroboApp)
        await until(pilot, lambda: app.current)
        for key, scope in walk:
            await pilot.press(key)
            await until(pilot, lambda scope=scope: app.scope == scope)
            assert len(app.screen_stack) == (2 if scope == "runs" else 3)
        await pilot.press("Y")
        assert app.clipboard == f"rlrobo watch {run.id}"
        for key, overlay in (("question_mark", HelpScreen), ("ctrl+p", CommandPalette)):
            await pilot.press(key)
            await until(pilot, lambda overlay=overlay: isinstance(app.screen, overlay))
            await pilot.press("1")  # the keys of the pages rest while something lies over them
            assert isinstance(app.screen, overlay)
            await pilot.press("escape")
            await until(pilot, lambda: app.scope == "live")
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("escape", "colon")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))

    drive(RlroboApp(tmp_path), play)


def test_a_late_key_of_the_page_before_does_nothing_on_a_page_that_is_still_empty(tmp_path: Path) -> None:
    make_run(tmp_path, events=training())
    app = RlroboApp(tmp_path)

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.current)
        app.go("live")
        page = app.screen
        assert isinstance(page, LiveScreen)
        axis = page.lens.x_axis
        assert not await app.run_action("x_axis", page)
        await until(pilot, lambda: page.children)
        assert page.lens.x_axis is axis
        assert await app.run_action("x_axis", page)

    drive(app, play)


def test_a_page_without_anything_to_show_says_which_key_helps(tmp_path: Path) -> None:
    app = RlroboApp(tmp_path)

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("2")
        await until(pilot, lambda: any("n starts one" in each.message for each in app._notifications))
        assert app.scope == "runs"

    drive(app, play)


def test_a_picture_of_the_screen_is_saved_where_there_are_no_downloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+s")
        await until(pilot, lambda: list(tmp_path.glob("rlrobo*.svg")))

    drive(RlroboApp(tmp_path / "runs"), play)
