"""The command palette finds runs by some letters of their names, and keeps a theme that is chosen."""

from pathlib import Path

from textual.command import CommandList, CommandPalette
from textual.pilot import Pilot

from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.folders import config_dir
from rlrobo_tui.preferences import read_preferences
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.live import LiveScreen
from tests.rlrobo_tui.app_runs import drive, hold, make_run, training, until


def found(pilot: Pilot[None]) -> list[str]:
    """Return what the open palette lists."""
    return [str(option.prompt) for commands in pilot.app.screen.query(CommandList) for option in commands.options]


async def ask(pilot: Pilot[None], letters: str, *, opened_by: str = "ctrl+p") -> None:
    await pilot.press(opened_by)
    await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
    await pilot.press(*letters)


def test_runs_are_opened_and_stopped_by_name(tmp_path: Path) -> None:
    make_run(tmp_path, events=training(), task="ant_walk")
    run = make_run(tmp_path, events=training())
    hold(run)
    app = RlroboApp(tmp_path)

    async def play(pilot: Pilot[None]) -> None:
        await ask(pilot, "opencart")
        await until(pilot, lambda: any(run.id in each for each in found(pilot)))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen))
        assert app.current is not None
        assert app.current.id == run.id
        await ask(pilot, "stop20", opened_by="colon")
        await until(pilot, lambda: any(f"stop {run.id}" in each for each in found(pilot)))
        assert not any("ant_walk" in each for each in found(pilot))  # it has no engine to stop
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert not run.commands.exists()
        await pilot.press("y")
        await until(pilot, run.commands.exists)

    drive(app, play)
    assert '"stop"' in run.commands.read_text()


def test_who_only_watches_is_offered_no_stop_and_a_theme_is_kept(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=training())
    hold(run)
    app = RlroboApp(tmp_path, options=Options(read_only=True))

    async def play(pilot: Pilot[None]) -> None:
        await ask(pilot, "20")
        await until(pilot, lambda: any(f"replay {run.id}" in each for each in found(pilot)))
        assert not any("stop " in each for each in found(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: app.scope == "runs")
        app.search_themes()
        await until(pilot, lambda: any("high-contrast" in each for each in found(pilot)))
        await pilot.press(*"contr")
        await until(pilot, lambda: len(found(pilot)) == 1)
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "rlrobo-high-contrast")
        await until(pilot, lambda: read_preferences(config_dir() / "settings.yaml").theme == "high-contrast")

    drive(app, play)
