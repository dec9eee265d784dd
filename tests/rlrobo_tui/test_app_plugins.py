"""Plug-ins in the app: their tasks are in the form, and a broken one is shown when the app opens."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

import rlrobo_tui.starting as starting_module
from engine.protocol.run_dir import RunDir, list_runs
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.new_run import NewRunScreen
from robots.plugins import load_plugins
from tests.plugin_files import TASK_ID, write_plugin
from tests.rlrobo_tui.app_runs import drive, screen_text, until

pytestmark = pytest.mark.usefixtures("no_plugins_stay")


class Ended:
    """A process that is over."""

    returncode = 0

    def poll(self) -> int:
        return 0


def test_the_form_trains_a_plugins_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_plugin(tmp_path)
    monkeypatch.setenv("RLROBO_PLUGINS", str(path))
    monkeypatch.setenv("RLROBO_RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setattr(starting_module, "start_engine", lambda _: Ended())
    assert load_plugins([path]) == []

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "No runs yet." in screen_text(pilot.app))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, NewRunScreen))
        await pilot.press("slash", *TASK_ID, "enter")
        await until(pilot, lambda: "Balance the pole." in screen_text(pilot.app))
        await until(pilot, lambda: "no picture: it comes from " in screen_text(pilot.app))
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))

    drive(RlroboApp(tmp_path / "runs"), play, size=(120, 40))
    (run,) = list_runs(tmp_path / "runs")
    assert run.read_config().plugins == ["plugins/gentle.py"]
    assert (RunDir(run.path).path / "plugins" / "gentle.py").is_file()


def test_a_broken_plugin_is_told_when_the_app_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(RlroboApp, "notify", lambda _, message, **__: told.append(message))
    warnings = load_plugins([write_plugin(tmp_path, more="raise ValueError('bad day')\n")])

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: told == warnings)

    drive(RlroboApp(tmp_path / "runs", options=Options(warnings=tuple(warnings))), play)
    assert "ValueError: bad day" in told[0]
