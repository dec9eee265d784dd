"""The list of runs, and what the whole app promises."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from textual.color import Color
from textual.command import CommandPalette
from textual.pilot import Pilot

from engine.protocol.errors import UsageError
from engine.protocol.events import RunEnded
from engine.protocol.run_dir import RunDir
from engine.protocol.settings import Settings
from engine.protocol.status import EndReason
from rlrobo_tui.actions.registry import ACTIONS
from rlrobo_tui.app import RlroboApp, run_app
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.new_run import NewRunScreen
from rlrobo_tui.screens.runs import RunsScreen, RunsTable
from tests.rlrobo_tui.app_runs import drive, make_run, screen_text, training, until


async def listed(pilot: Pilot[None], count: int) -> None:
    await until(pilot, lambda: pilot.app.screen.query_one(RunsTable).row_count == count)


def test_without_runs_the_screen_says_what_to_do_and_enter_trains_the_demo(
    tmp_path: Path, started: list[RunDir]
) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "No runs yet." in screen_text(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))

    drive(RlroboApp(tmp_path / "runs"), play)
    assert [run.read_config().task for run in started] == ["cartpole_balance"]


def test_runs_are_listed_newest_first_with_their_numbers(tmp_path: Path) -> None:
    ended = RunEnded(step=500, reason=EndReason.NO_SPACE, message="The disk is full.")
    make_run(tmp_path, events=[*training(), ended])
    make_run(tmp_path, events=[], seed=2)

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 2)
        await pilot.press("j")
        await until(pilot, lambda: "The disk is full." in screen_text(pilot.app))
        lines = screen_text(pilot.app).splitlines()
        first = next(index for index, line in enumerate(lines) if "START" in line)
        assert "✗ FAILED" in lines[first + 1]
        for words in ("ppo-s1", "500", "50%", "100.0", "90.00", "no space"):
            assert words in lines[first + 1]

    drive(RlroboApp(tmp_path), play)


def test_the_name_of_a_run_of_the_demo_fits_into_80_columns(tmp_path: Path) -> None:
    ended = RunEnded(step=1000, reason=EndReason.COMPLETED, message="All timesteps are trained.")
    for seed in range(1, 10):
        make_run(tmp_path, events=[*training(), ended], seed=seed)

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 9)
        text = screen_text(pilot.app)
        assert "ETA/took age" in text
        line = next(line for line in text.splitlines() if "✓ DONE" in line)
        assert re.search(r"✓ DONE +cartpole_balance-ppo-s\d+ +1.00k 100%  100.0 90.00 +\d+s +\d+s", line)

    drive(RlroboApp(tmp_path), play, size=(80, 12))  # low enough for a scroll bar


def _contrast(text: Color, ground: Color) -> float:
    """Return the contrast ratio of WCAG 2.1."""

    def luminance(color: Color) -> float:
        parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    dark, light = sorted((luminance(text), luminance(ground)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["rlrobo-dark", "rlrobo-light"])
def test_every_row_is_readable_in_every_theme(tmp_path: Path, theme: str) -> None:
    for reason, seed in ((EndReason.COMPLETED, 1), (EndReason.FAILED, 2)):
        make_run(tmp_path, events=[*training(), RunEnded(step=500, reason=reason)], seed=seed)

    def contrasts(pilot: Pilot[None]) -> list[float]:
        strips = pilot.app.screen._compositor.render_strips()
        segments = [item for strip in strips if "cartpole_balance-ppo" in strip.text for item in strip]
        styles = [item.style for item in segments if item.style and item.text.strip()]
        return [_contrast(*(Color.from_rich_color(item) for item in (style.color, style.bgcolor))) for style in styles]

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 2)
        pilot.app.theme = theme
        await until(pilot, lambda: contrasts(pilot) and min(contrasts(pilot)) >= 4.5)

    drive(RlroboApp(tmp_path), play)


def test_the_end_of_the_selected_run_is_shown_whole(tmp_path: Path) -> None:
    message = "A sentence of many words that says why it ended and what to do next. " * 3
    make_run(tmp_path, events=[*training(), RunEnded(step=500, reason=EndReason.FAILED, message=f"{message}Last.")])

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "next. Last." in screen_text(pilot.app))

    drive(RlroboApp(tmp_path), play)


def test_one_run_is_singular(tmp_path: Path) -> None:
    make_run(tmp_path, events=training())

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "1 run · " in screen_text(pilot.app))

    drive(RlroboApp(tmp_path), play)


def test_enter_opens_the_run_under_the_cursor_and_escape_comes_back(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=training())

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 1)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))
        screen = pilot.app.screen
        assert isinstance(screen, LiveScreen)
        assert screen.run_dir.path == run.path
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))

    drive(RlroboApp(tmp_path), play)


def test_the_filter_keeps_runs_with_all_words_until_escape(tmp_path: Path) -> None:
    for task, seed in (("ant_walk", 1), ("ant_walk", 2), ("cartpole_balance", 2)):
        make_run(tmp_path, events=[], task=task, seed=seed)

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 3)
        await pilot.press("slash", *"ANT s2", "enter")
        await listed(pilot, 1)
        await pilot.press("escape")
        await listed(pilot, 3)

    drive(RlroboApp(tmp_path), play)


def test_a_new_run_appears_in_the_list_by_itself(tmp_path: Path) -> None:
    make_run(tmp_path, events=[])

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 1)
        make_run(tmp_path, events=[], seed=2)
        await listed(pilot, 2)

    drive(RlroboApp(tmp_path), play)


def test_an_engine_that_dies_at_once_is_reported(tmp_path: Path, started: list[RunDir]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "No runs yet." in screen_text(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: "ended before its first event" in screen_text(pilot.app))

    drive(RlroboApp(tmp_path), play)


def test_every_action_is_a_method_of_its_screen() -> None:
    owners = {"app": RlroboApp, "runs": RunsScreen, "live": LiveScreen, "new": NewRunScreen}
    missing = [
        action.id
        for action in ACTIONS
        if action.scope in owners and not hasattr(owners[action.scope], f"action_{action.id}")
    ]
    assert missing == []


def test_the_palette_offers_every_action_of_the_screen_and_of_the_app(tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        below = pilot.app.screen
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
        titles = {command.title for command in pilot.app.get_system_commands(below)}
        here = [action for action in ACTIONS if action.scope == "runs" and below.check_action(action.id, ())]
        everywhere = [action for action in ACTIONS if action.scope == "app" and action.id != "palette"]
        assert {action.label for action in (*here, *everywhere)} <= titles

    drive(RlroboApp(tmp_path), play)


def test_children_inherit_no_color(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = RlroboApp(tmp_path)
    assert app.no_color
    assert os.environ["NO_COLOR"] == "1"


def test_no_terminal_is_a_usage_error_that_names_the_plain_twin(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="rlrobo watch --plain"):
        run_app(Settings(runs_dir=tmp_path))


def test_the_app_loads_neither_learning_nor_physics_nor_cloud() -> None:
    program = (
        "import sys; import rlrobo_tui.app, rlrobo_tui.screens.new_run; "
        "print([name for name in "
        "('torch', 'pybullet', 'stable_baselines3', 'gymnasium', 'boto3', 'numpy', 'plotext') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
