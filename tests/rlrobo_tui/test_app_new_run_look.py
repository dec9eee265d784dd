"""How the form for a new run looks in small and large terminals, and without colour."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.screens.help import HelpScreen
from rlrobo_tui.widgets.robot_picture import RobotPicture
from tests.rlrobo_tui.app_forms import WIDE, form
from tests.rlrobo_tui.app_runs import drive, screen_text, until


@pytest.mark.slow
def test_the_footer_shows_a_help_key_that_works_while_typing(tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot)
        await until(pilot, lambda: "? Help" in screen_text(pilot.app))
        screen.query_one("#own", Input).focus()
        await until(pilot, lambda: "f1 Help" in screen_text(pilot.app))
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))

    drive(RlroboApp(tmp_path), play)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "has_picture", "has_card"), [((80, 24), False, False), (WIDE, True, False), ((200, 60), True, True)]
)
def test_the_layout_fits_the_terminal(tmp_path: Path, size: tuple[int, int], has_picture: bool, has_card: bool) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot)
        await until(pilot, lambda: "Keep a pole upright" in screen_text(pilot.app))
        text = screen_text(pilot.app)
        assert ("▀▀▀▀" in text) is has_picture
        assert ("this will run" in text) is has_card
        assert ("cartpole_balance · PPO tuned" in text) is not has_card
        assert "✗" not in text
        await pilot.press("ctrl+n", "ctrl+n", "ctrl+n")
        await until(pilot, lambda: "✓ evaluation" in screen_text(pilot.app))
        assert screen.query_one("#launch").region.height == 1

    drive(RlroboApp(tmp_path), play, size=size)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "mark"), [(Options(ascii=True), "%%%"), (Options(low_bandwidth=True), "not drawn: low bandwidth")]
)
def test_the_picture_keeps_to_the_terminal(tmp_path: Path, options: Options, mark: str) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot, "slash", *"ant_", "enter")
        await until(pilot, lambda: screen.answers.target == "ant_walk")
        await until(pilot, lambda: mark in screen_text(pilot.app))
        assert screen.query_one(RobotPicture).picture is not None

    drive(RlroboApp(tmp_path, options=options), play, size=WIDE)


def test_the_picture_is_shades_without_colour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def play(pilot: Pilot[None]) -> None:
        await form(pilot)
        await until(pilot, lambda: "@@@@" in screen_text(pilot.app))
        assert "▀" not in screen_text(pilot.app)

    drive(RlroboApp(tmp_path), play, size=WIDE)
