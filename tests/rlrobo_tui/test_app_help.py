"""The help page says what can be done now, what the marks mean, and finds words."""

from pathlib import Path

from textual.pilot import Pilot

from rlrobo_tui.actions.registry import actions_of
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.glossary import explain
from rlrobo_tui.marks import MARKS
from rlrobo_tui.screens.help import HelpScreen
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.widgets.chart_plot import Inks
from tests.rlrobo_tui.app_runs import drive, make_run, screen_text, training, until


def test_the_marks_are_those_of_the_charts() -> None:
    explained = {(mark.glyph, mark.ascii_glyph) for mark in MARKS}
    inks = Inks(), Inks(is_ascii=True)
    for name in ("eval", "best", "target", "restart", "end"):
        assert tuple(each.glyph(name) for each in inks) in explained


def test_it_explains_the_page_below_and_searches(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=training())

    async def play(pilot: Pilot[None]) -> None:
        app = pilot.app
        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.view.step)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await until(pilot, lambda: "Hold training" in screen_text(app))
        text = " ".join(screen_text(app).split())
        for action in (*actions_of("live"), *actions_of("app")):
            assert action.help.split()[0] in text
        assert "Hold training; the engine stays. Not now: needs a run that trains." in text
        meaning = explain("train/approx_kl")
        assert meaning is not None
        for words in (meaning.meaning, "● RUN", "the best evaluation", "TERM", "size"):
            assert words in text
        await pilot.press("slash", *"zoom")
        await until(pilot, lambda: "TERM" not in screen_text(app))
        assert "Show a shorter part of the run" in screen_text(app)
        await pilot.press("enter", "escape")
        await until(pilot, lambda: "TERM" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen))

    drive(RlroboApp(tmp_path, run=run), play, size=(120, 130))
