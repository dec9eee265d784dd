"""Tags in the list of runs: asked for by a key, shown, filtered and grouped by."""

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from engine.protocol.run_dir import RunDir
from engine.protocol.tags import read_tags, write_tags
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.screens.run_tagging import AskTags
from rlrobo_tui.screens.runs import RunsScreen
from rlrobo_tui.widgets.runs_table import RunsTable
from tests.rlrobo_tui.app_runs import drive, make_run, screen_text, training, until


def two_runs(runs_dir: Path) -> tuple[RunDir, RunDir]:
    return make_run(runs_dir, events=training()), make_run(runs_dir, events=training(seed=2), seed=2)


async def type_tags(pilot: Pilot[None], words: str) -> None:
    await until(pilot, lambda: pilot.app.screen.query_one(RunsTable).row_count)
    await pilot.press("t")
    await until(pilot, lambda: isinstance(pilot.app.screen, AskTags))
    pilot.app.screen.query_one(Input).value = words
    await pilot.press("enter")


def test_t_tags_the_marked_runs_and_the_list_shows_it(tmp_path: Path) -> None:
    runs = two_runs(tmp_path)
    write_tags(runs[0], ["old"])

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: pilot.app.screen.query_one(RunsTable).row_count)
        await pilot.press("ctrl+a")
        await type_tags(pilot, "baseline, -old")
        await until(pilot, lambda: screen_text(pilot.app).count("baseline") == 3)  # two rows and the lines below them
        await pilot.press("U", "t")
        await until(pilot, lambda: "now: baseline" in screen_text(pilot.app))
        assert "in use: baseline" in screen_text(pilot.app)
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, RunsScreen)

    drive(RlroboApp(tmp_path), play, size=(100, 30))
    assert [read_tags(run) for run in runs] == [("baseline",)] * 2


def test_a_word_that_is_no_tag_is_refused_where_it_was_typed(tmp_path: Path) -> None:
    runs = two_runs(tmp_path)

    async def play(pilot: Pilot[None]) -> None:
        await type_tags(pilot, "good bad:word")
        await until(pilot, lambda: "'bad:word': no tag" in screen_text(pilot.app))
        await pilot.press("escape")

    drive(RlroboApp(tmp_path), play)
    assert not any(run.tags.exists() for run in runs)


def test_runs_are_filtered_and_grouped_by_tags(tmp_path: Path) -> None:
    write_tags(two_runs(tmp_path)[0], ["paper"])

    async def play(pilot: Pilot[None]) -> None:
        table = pilot.app.screen.query_one(RunsTable)
        await until(pilot, lambda: table.row_count)
        await pilot.press("slash", *"tag:paper", "enter")
        await until(pilot, lambda: "1 match" in screen_text(pilot.app))
        await pilot.press("escape", "G", "G", "G", "G")
        await until(pilot, lambda: "grouped by tags" in screen_text(pilot.app))
        assert "no tags  1 run" in screen_text(pilot.app)
        assert "paper  1 run" in screen_text(pilot.app)

    drive(RlroboApp(tmp_path), play)


def test_who_may_only_watch_tags_nothing(tmp_path: Path) -> None:
    two_runs(tmp_path)

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: pilot.app.screen.query_one(RunsTable).row_count)
        await pilot.press("t")
        assert isinstance(pilot.app.screen, RunsScreen)

    drive(RlroboApp(tmp_path, options=Options(read_only=True)), play)
