"""The settings page: every change holds at once and is kept."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from rlrobo_tui.app import RlroboApp
from rlrobo_tui.folders import config_dir
from rlrobo_tui.preferences import Preferences, read_preferences
from rlrobo_tui.screens.runs import RunsScreen
from rlrobo_tui.screens.settings import SettingsScreen
from rlrobo_tui.struct_docs import field_docs
from tests.rlrobo_tui.app_runs import drive, make_run, screen_text, training, until


def kept() -> Preferences:
    return read_preferences(config_dir() / "settings.yaml")


def test_changes_hold_at_once_and_for_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLROBO_SEED", "7")
    make_run(tmp_path, events=training())

    async def play(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, RlroboApp)
        await until(pilot, lambda: "✗ FAILED" in screen_text(app))
        await pilot.press("comma")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        text = screen_text(app)
        assert str(config_dir() / "settings.yaml") in "".join(text.split()), "a long path goes on in the next line"
        for words in ("[dark]", "keys.yaml", "RLROBO_SEED=7"):
            assert words in text
        assert field_docs(Preferences)["theme"] in text
        for theme in ("light", "high-contrast", "ansi", "mono"):
            await pilot.press("l")
            await until(pilot, lambda theme=theme: app.theme == f"rlrobo-{theme}" and kept().theme == theme)
        await pilot.press("h", "D")
        await until(pilot, lambda: app.theme == "rlrobo-dark" and kept().theme == "dark")
        await pilot.press("j", "enter", "j", "right", "j", "space", "j", "left", "k", "j")
        on = Preferences(ascii="on", low_bandwidth="on", bell=True, tips=False)
        await until(pilot, lambda: kept() == on)
        assert app.is_ascii
        assert app.is_low_bandwidth
        assert app.animation_level == "none"
        assert screen_text(app).isascii()
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and "[x] FAILED" in screen_text(app))
        assert "tip:" not in screen_text(app)

    drive(RlroboApp(tmp_path), play)
    assert RlroboApp(tmp_path).is_ascii


def test_a_file_that_its_owner_has_to_mend_is_left_alone_and_told(tmp_path: Path) -> None:
    path = config_dir() / "settings.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("theme: blue\n")

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("comma", "l")
        await until(pilot, lambda: any("lasts until" in each.message for each in pilot.app._notifications))
        assert pilot.app.theme == "rlrobo-light"

    drive(RlroboApp(tmp_path), play)
    assert path.read_text() == "theme: blue\n"
