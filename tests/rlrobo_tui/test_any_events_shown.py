"""Whatever stands in an event file, no command and no page that reads it fails or hangs."""

import os
import time
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from textual.pilot import Pilot

from engine.protocol.events import RunStarted
from engine.protocol.run_dir import RunDir
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.screens.compare import CompareScreen
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.runs import RunsScreen
from rlrobo_tui.widgets.runs_table import RunsTable
from tests.rlrobo_tui.app_runs import append, drive, hold, make_run, screen_text, training, until
from tests.rlrobo_tui.cli_calls import Cli
from tests.rlrobo_tui.event_streams import files, rubbish
from tests.rlrobo_tui.random_keys import play

LONG_AGO_S = 3600.0
COMMANDS = (
    ("watch", "--plain"), ("watch", "--json"), ("watch", "--once"), ("runs",), ("runs", "--json"),
    ("plot",), ("compare", "RUN", "OTHER"), ("report", "--output", "page.html"),
    ("info",),
)  # fmt: skip
TAKES_A_RUN = ("watch", "plot", "report")


@pytest.fixture
def run(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RunDir:
    """A run whose events are written again for each example, beside one that is whole; both are old and dead."""
    monkeypatch.chdir(tmp_path)
    found = make_run(cli.runs_dir, events=[])
    make_run(cli.runs_dir, events=training(), seed=2)
    long_ago = time.time() - LONG_AGO_S
    os.utime(found.config, (long_ago, long_ago))
    return found


def call_all(cli: Cli, run: RunDir, content: bytes) -> None:
    run.events.write_bytes(content)
    names = {"RUN": run.id, "OTHER": next(each.name for each in cli.runs_dir.iterdir() if each.name != run.id)}
    for name, *rest in COMMANDS:
        target = [run.id] if name in TAKES_A_RUN else []
        result = cli(name, *target, *(names.get(word, word) for word in rest))
        assert result.exit_code in (0, 1, 2, 3), (name, rest)
        assert "Traceback" not in result.stderr


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(files)
def test_commands_read_any_file(cli: Cli, run: RunDir, content: bytes) -> None:
    call_all(cli, run, content)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(files)
def test_commands_read_very_many_files(cli: Cli, run: RunDir, content: bytes) -> None:
    call_all(cli, run, content)


def test_commands_read_rubbish(cli: Cli, run: RunDir) -> None:
    for content in list(rubbish())[::3]:
        call_all(cli, run, content)


@pytest.mark.slow
def test_commands_read_all_rubbish(cli: Cli, run: RunDir) -> None:
    for content in rubbish():
        call_all(cli, run, content)


def show_all(runs_dir: Path, contents: list[bytes]) -> None:
    """Show runs with these files in the list, on the page of each, and side by side; the pages must go on."""
    runs = [make_run(runs_dir, events=[], seed=seed) for seed in range(len(contents))]
    for run, content in zip(runs, contents, strict=True):
        hold(run)
        run.events.write_bytes(content)

    async def look(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, RlroboApp)
        await until(pilot, lambda: app.screen.query(RunsTable) and len(app.summaries) == len(runs))
        for run in runs:
            app.watch_run(run)
            await until(pilot, lambda run=run: isinstance(app.screen, LiveScreen) and app.screen.run_dir == run)
            page = app.screen
            assert isinstance(page, LiveScreen)
            await until(pilot, lambda page=page: page._is_loaded)
            page.draw()
            run.events.write_bytes(run.events.read_bytes()[: -len(run.events.read_bytes()) // 2])
            await play(app, ["x", "y", "i", "e", "escape"])
        app.memory.marks = [run.id for run in runs[:8]]
        app.go("compare")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        await play(app, ["d", "a", "x", "i", "1"])
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and str(len(runs)) in screen_text(app))

    drive(RlroboApp(runs_dir), look, size=(120, 40))


def test_pages_show_rubbish(tmp_path: Path) -> None:
    show_all(tmp_path, [content[:20_000] for content in rubbish()][3::8])


@pytest.mark.slow
def test_pages_show_all_rubbish(tmp_path: Path) -> None:
    show_all(tmp_path, list(rubbish()))


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(st.lists(files, min_size=8, max_size=8))
def test_pages_show_any_files(tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]) -> None:
    show_all(tmp_path_factory.mktemp("runs"), contents)


def test_watching_a_run_without_any_event_says_why_it_ends_or_waits(cli: Cli, run: RunDir) -> None:
    run.events.write_bytes(b"not an event\n" * 3)
    for how in ("--plain", "--json"):
        ended = cli("watch", run.id, how)
        assert ended.exit_code == 1
        assert "the engine ended before it began" in ended.stderr
        assert "skipped 3 lines" in ended.stderr


def test_watch_says_for_what_it_waits(cli: Cli, run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("rlrobo_tui.commands.watch.follow", interrupt)
    hold(run)
    assert f"no event yet; its engine, process {os.getpid()}, is starting" in cli("watch", run.id, "--plain").stderr
    run.lock_file.write_bytes(run.lock_file.read_bytes().replace(b'"hostname":"', b'"hostname":"far-'))
    assert "no event yet; its engine is on far-" in cli("watch", run.id, "--plain").stderr
    append(run, [RunStarted(total_timesteps=1000)])
    assert f"{run.id}: its engine is on far-" in cli("watch", run.id, "--plain").stderr
    run.events.unlink()
    run.lock_file.unlink()
    os.utime(run.config)
    assert "no engine yet; waiting at most 30 s" in cli("watch", run.id, "--plain").stderr
