"""Every page at every size: no wall, no failure, and a footer that fits."""

from pathlib import Path

import pytest
from textual import events
from textual.geometry import Size
from textual.pilot import Pilot
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from rlrobo_tui.app import RlroboApp
from rlrobo_tui.pages import PAGES
from rlrobo_tui.screens import account_keys, doctor
from rlrobo_tui.screens.help import HelpScreen
from tests.rlrobo_tui.app_runs import drive, hold, make_run, screen_text, training, until
from tests.rlrobo_tui.test_app_doctor import FakeJob

SIZES = ((60, 18), (40, 10), (20, 4), (10, 2))
GAP = 1
"""Columns behind a key, the last one, too; nothing is lost with them."""
NARROW = 40
"""Columns in which no key is cut off."""
QUIET = ("runs", "live", "compare", "cloud", "settings", "doctor", "new")
"""Pages that start no process by themselves; the replay page has tests of its own."""


def resize(pilot: Pilot[None], width: int, height: int) -> None:
    """Change the size as a terminal does, without waiting."""
    size = Size(width, height)
    pilot.app._driver._size = (width, height)  # type: ignore[union-attr]
    pilot.app.post_message(events.Resize(size, size))


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RlroboApp:
    for module in (doctor, account_keys):
        monkeypatch.setattr(module, "ChildJob", FakeJob)
    run = make_run(tmp_path, events=training())
    make_run(tmp_path, events=training(), seed=2)
    hold(run)
    app = RlroboApp(tmp_path)
    app.memory.marks = [run.id]
    return app


def has_whole_footer(app: RlroboApp) -> bool:
    """Whether the footer is laid out, and no key is beyond its right edge."""
    keys = app.screen.query(FooterKey)
    is_laid_out = bool(keys) and all(key.region.width for key in keys)
    return is_laid_out and app.screen.query_one(Footer).max_scroll_x <= GAP


def shows_something(app: RlroboApp, size: tuple[int, int]) -> bool:
    """Whether the page has that size and words in its first two lines."""
    lines = screen_text(app).split("\n")
    return app.screen.size == size and len(lines) == size[1] and any(line.strip() for line in lines[:2])


@pytest.mark.slow
def test_every_page_fits_its_footer_and_has_something_at_every_size(app: RlroboApp) -> None:
    assert {*QUIET, "replay"} == {*PAGES, "runs"}

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.current)
        for scope in QUIET:
            app.go(scope)
            await until(pilot, lambda scope=scope: app.scope == scope)
            await until(pilot, lambda: has_whole_footer(app))
            for size in SIZES:
                resize(pilot, *size)
                await until(pilot, lambda size=size: shows_something(app, size))
                if size[0] >= NARROW:
                    await until(pilot, lambda: has_whole_footer(app))
            resize(pilot, 80, 24)
            await until(pilot, lambda: shows_something(app, (80, 24)))

    drive(app, play)


@pytest.mark.slow
def test_a_storm_of_sizes_is_survived_and_the_footer_can_be_clicked(app: RlroboApp) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.current)
        app.go("live")
        for number in range(100):
            resize(pilot, 20 + number * 37 % 180, 4 + number * 17 % 60)
            if number % 10 == 0:
                await pilot.pause()
        resize(pilot, 80, 24)
        await until(pilot, lambda: app.screen.size == Size(80, 24) and "rollout/ep_rew_mean" in screen_text(app))
        await until(pilot, lambda: has_whole_footer(app))
        for _ in range(20):  # the footer may be composed anew under the mouse
            if isinstance(app.screen, HelpScreen):
                break
            keys = [key for key in app.screen.query(FooterKey) if key.action.endswith("help")]
            if keys and keys[0].region in app.screen.region:
                await pilot.click(offset=keys[0].region.offset)
            await pilot.pause(0.05)
        assert isinstance(app.screen, HelpScreen)

    drive(app, play)
