"""Jump letters: one over everything that can have the focus, and what each key does."""

from pathlib import Path

from textual.pilot import Pilot

from engine.protocol.run_dir import RunDir
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.screens.jump import JumpScreen
from rlrobo_tui.screens.live import LiveScreen
from tests.rlrobo_tui.app_replays import playing
from tests.rlrobo_tui.app_runs import drive, make_run, screen_text, training, until


async def letters(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen) and pilot.app.screen.view.step)
    await pilot.press("apostrophe")
    await until(pilot, lambda: "[a]" in line_of(pilot, "rollout/ep_rew_mean"))


def line_of(pilot: Pilot[None], title: str) -> str:
    return next((line for line in screen_text(pilot.app).splitlines() if f"─ {title}" in line), "")


def focused(pilot: Pilot[None]) -> str:
    assert isinstance(pilot.app.screen, LiveScreen)
    return (pilot.app.screen.focused and pilot.app.screen.focused.id) or ""


def test_a_letter_takes_the_focus_and_any_other_key_leaves_it(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=training())

    async def play(pilot: Pilot[None]) -> None:
        await letters(pilot)
        assert line_of(pilot, "rollout/ep_len_mean").count("[") == 2  # [s] and, beside it, [d]
        assert line_of(pilot, "reward terms").endswith("[f]")
        await pilot.press("d")
        assert focused(pilot) == "small-2"
        for key in ("escape", "z", "down"):
            await letters(pilot)
            await pilot.press(key)
            assert focused(pilot) == "small-2"

    drive(RlroboApp(tmp_path, run=run), play, size=(120, 40))


def test_letters_go_when_what_they_lie_on_moves(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=training())

    async def play(pilot: Pilot[None]) -> None:
        await letters(pilot)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: not isinstance(pilot.app.screen, JumpScreen))
        await pilot.press("apostrophe")
        await until(pilot, lambda: "[s]" in screen_text(pilot.app))
        assert "[d]" not in screen_text(pilot.app)  # the other panels have no room

    drive(RlroboApp(tmp_path, run=run), play, size=(120, 40))


def test_a_page_without_panels_says_so(played_run: RunDir, told: list[str]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await playing(pilot)
        await pilot.press("apostrophe")
        assert "its keys are about the whole page" in told[-1]

    drive(RlroboApp(played_run.path.parent, run=played_run), play)
