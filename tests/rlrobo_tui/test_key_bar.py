"""The line of keys: whole ones, and none that do nothing."""

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets._footer import FooterKey

from rlrobo_tui.app import RlroboApp
from rlrobo_tui.widgets.key_bar import fitting
from tests.rlrobo_tui.app_runs import drive, screen_text, until

KEYS = [("open", 11), ("filter", 9), ("sort", 7), ("help", 7), ("new_run", 6), ("leave", 7)]


def test_keys_that_have_room_are_all_shown() -> None:
    assert fitting(KEYS, 46) == [0, 1, 2, 3, 4, 5]


def test_the_form_goes_first_then_the_pages_last_key_and_help_stays() -> None:
    assert fitting(KEYS, 45) == [0, 1, 2, 3, 5]
    assert fitting(KEYS, 39) == [0, 1, 3, 5]
    assert fitting(KEYS, 3) == [3, 5]


def test_a_page_below_a_dialog_offers_no_keys(tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        below = pilot.app.screen
        await until(pilot, lambda: below.query(FooterKey))
        await pilot.press("question_mark")
        await until(pilot, lambda: not below.query(FooterKey))
        await pilot.press("escape")
        await until(pilot, lambda: "q Quit" in screen_text(pilot.app))

    drive(RlroboApp(tmp_path), play)
