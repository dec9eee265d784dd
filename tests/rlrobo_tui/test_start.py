"""What the app does not wait for when it starts: imports it can do without, searches for cycles, a second theme."""

import gc
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.core
from textual.pilot import Pilot
from typer.testing import CliRunner

from rlrobo_tui.app import RlroboApp
from rlrobo_tui.collecting import hold, settle
from rlrobo_tui.quick_values import BUILDER, spare_pydantic
from rlrobo_tui.run_list import Listing, RunLister
from rlrobo_tui.screens.runs import RunsScreen
from tests.rlrobo_tui.app_runs import drive, until

SLOW_TO_IMPORT = {"numpy", "psutil", "pydantic", "rich.progress", "robots.mjcf"}


def test_opening_the_app_imports_nothing_that_the_first_page_does_not_need() -> None:
    script = (
        "import json, sys\n"
        "from rlrobo_tui.cli import main\n"
        "try: main(['tui'])\n"
        "except SystemExit as end: print(json.dumps([end.code, *sys.modules]))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    code, *modules = json.loads(result.stdout)
    assert code == 2, "without a terminal the app is refused, after everything was imported"
    assert "rlrobo_tui.app" in modules
    assert SLOW_TO_IMPORT.intersection(modules) == set()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ant"], "'ant' 1 False []"),
        (["ant", "--number", "3", "--is-on", "--tag", "a", "--tag", "b"], "'ant' 3 True ['a', 'b']"),
        (["ant", "--number", "three"], "integer"),
        (["ant", "--number", "0"], "1"),
        ([], "Missing argument"),
    ],
)
def test_values_of_every_kind_are_taken_and_checked_as_typer_does(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typer.core, BUILDER, getattr(typer.core, BUILDER), raising=False)  # to be as before
    spare_pydantic()
    app = typer.Typer(rich_markup_mode=None)

    @app.command()
    def print_them(
        name: str,
        number: int = typer.Option(1, min=1),
        is_on: bool = typer.Option(False, "--is-on"),
        tag: list[str] = typer.Option([]),  # noqa: B008
    ) -> None:
        typer.echo(f"{name!r} {number} {is_on} {tag}")

    result = CliRunner().invoke(app, words)
    assert said in result.output
    assert (result.exit_code == 0) is result.output.startswith("'ant'")


@pytest.fixture
def collector() -> Iterator[None]:
    """Leave Python's collector as it was."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)
    gc.enable()


@pytest.mark.usefixtures("collector")
def test_cycles_are_looked_for_again_among_what_came_after_the_start() -> None:
    hold()
    assert not gc.isenabled()
    settle()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_whoever_never_held_the_search_keeps_its_ways() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    settle()
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_the_preferred_theme_is_there_when_the_style_sheets_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "rlrobo"
    config.mkdir()
    (config / "settings.yaml").write_text("theme: light\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    changes: list[bool] = []
    monkeypatch.setattr(RlroboApp, "refresh_css", lambda *_, **__: changes.append(True))

    async def play(pilot: Pilot[None]) -> None:
        await pilot.pause()
        assert pilot.app.theme == "rlrobo-light"
        assert pilot.app.has_class("-theme-rlrobo-light", "-light-mode")
        assert pilot.app.stylesheet._variables == pilot.app.get_css_variables()

    drive(RlroboApp(tmp_path / "runs"), play)
    assert changes == []


def test_the_folder_is_read_once_at_a_time_and_again_where_that_was_asked_for_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end, read = threading.Semaphore(0), threading.Semaphore(0), RunLister.read

    def slow(lister: RunLister) -> Listing:
        begun.release()
        assert may_end.acquire(timeout=20)
        return read(lister)

    monkeypatch.setattr(RunLister, "read", slow)
    monkeypatch.setattr("rlrobo_tui.screens.runs.REFRESH_S", 1000.0)

    async def play(pilot: Pilot[None]) -> None:
        page = pilot.app.screen
        assert isinstance(page, RunsScreen)
        await until(pilot, lambda: begun.acquire(blocking=False))
        for _ in range(3):
            page.reread()
        await pilot.pause()
        assert not begun.acquire(blocking=False), "nobody else reads meanwhile"
        may_end.release(20)
        await until(pilot, lambda: begun.acquire(blocking=False))

    drive(RlroboApp(tmp_path), play)
