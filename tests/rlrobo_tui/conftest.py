"""The command line for tests of commands."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.protocol.events import EvaluationDone
from engine.protocol.run_dir import RunDir
from rlrobo_tui import robot_feed
from rlrobo_tui.app import RlroboApp
from tests.rlrobo_tui.app_replays import MEANS, save
from tests.rlrobo_tui.app_runs import append, hold, make_run, training
from tests.rlrobo_tui.cli_calls import Cli

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line in this process, with a runs folder of its own."""
    monkeypatch.setenv("RLROBO_RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("COLUMNS", "100")
    return Cli(tmp_path / "runs", capsys)


@pytest.fixture(autouse=True)
def nobody_s_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app finds no settings, keys, memories and locale of whoever starts the tests."""
    monkeypatch.delenv("LC_ALL", raising=False)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[RunDir]:
    """The runs for which the app started an engine; a process that does nothing stands for it."""
    runs: list[RunDir] = []

    def start(run: RunDir) -> "subprocess.Popen[bytes]":
        runs.append(run)
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        return process

    monkeypatch.setattr("rlrobo_tui.starting.start_engine", start)
    return runs


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A run that trains; this process stands for its engine."""
    run = make_run(tmp_path, events=training())
    hold(run)
    return run


@pytest.fixture
def played_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDir:
    """A run with three evaluated checkpoints; a light process stands for the one that plays."""
    monkeypatch.setattr(robot_feed, "MODULE", "tests.rlrobo_tui.fake_player")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    run = make_run(tmp_path, events=training())
    for step, mean in MEANS.items():
        save(run, step, mean)
        append(run, [EvaluationDone(step=step, episodes=9, return_mean=mean, return_ci95=2.0)])
    return run


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the app says in passing."""
    messages: list[str] = []
    monkeypatch.setattr(RlroboApp, "notify", lambda _, message, **__: messages.append(message))
    return messages
