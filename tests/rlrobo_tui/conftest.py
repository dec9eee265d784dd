"""The command line for tests of commands."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.protocol.run_dir import RunDir
from tests.rlrobo_tui.cli_calls import Cli


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line in this process, with a runs folder of its own."""
    monkeypatch.setenv("RLROBO_RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("COLUMNS", "100")
    return Cli(tmp_path / "runs", capsys)


@pytest.fixture(autouse=True)
def nobody_s_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app finds no settings, keys and memories of whoever starts the tests."""
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
