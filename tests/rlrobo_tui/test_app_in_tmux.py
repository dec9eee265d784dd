"""The real app on a real terminal with real engines, by keys alone: from an empty folder to the robot that learned."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from engine.launch import find_engine, kill_engine
from engine.protocol.run_dir import RunDir, list_runs
from engine.protocol.status import Status
from engine.protocol.summary import summarize
from tests.rlrobo_tui.cli_calls import call_process
from tests.rlrobo_tui.tmux_app import TmuxApp, needs_tmux

pytestmark = [pytest.mark.slow, needs_tmux]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder whose engines end with the test."""
    yield tmp_path
    for run in list_runs(tmp_path / "runs"):
        kill_engine(run)


@pytest.fixture
def endless(home: Path) -> RunDir:
    """A run that trains for longer than any test, and saves and evaluates nothing by itself."""
    quiet = ("--set", "evaluation.every_timesteps=0", "--set", "checkpoints.every_timesteps=0")
    result = call_process(home / "runs", "train", "cartpole_balance", "--steps", "1e9", *quiet, "--detach")
    assert result.exit_code == 0, result.stderr
    return list_runs(home / "runs")[0]


def test_the_demo_starts_with_one_key(home: Path) -> None:
    with TmuxApp("tui", home=home, size=(80, 24)) as app:
        app.wait_for("No runs yet.", "train a 60-second demo")
        app.press("Enter")
        app.wait_for("● RUN", "steps/s")
        app.press("q")
        app.wait_until(lambda: not app.is_open, "the app is left")
    (run,) = list_runs(home / "runs")
    assert find_engine(run) is not None


def test_keys_alone_lead_from_an_empty_folder_to_the_robot(home: Path) -> None:
    with TmuxApp("tui", home=home) as app:
        app.wait_for("No runs yet.")
        app.press("n")
        app.wait_for("New run", "cartpole_balance")
        app.press("C-n")
        app.wait_for("Proximal Policy Optimization", "60,000")
        app.wait_for("tuned    Solves", "learning_rate")
        app.press("Tab")
        app.wait_for("Control steps to train for")
        app.press("2", "0", "k")
        app.wait_for("timesteps   20.0k")
        app.press("C-n")
        app.wait_for("this machine")
        app.press("C-n")
        app.wait_for("✓ task", "--steps 20k")
        app.press("C-r")
        app.wait_for("/ 20.0k")
        app.wait_for("DONE", "All timesteps are trained.")
        app.press("4")
        app.wait_for("Replay", "▶", "▀")
        app.press("1")
        app.wait_for("1 run", "✓ DONE", "cartpole_balance-ppo-s1")
        app.press("q")
        app.wait_until(lambda: not app.is_open, "the app is left")


def test_a_killed_engine_is_told_of_and_goes_on_with_one_key(home: Path, endless: RunDir) -> None:
    with TmuxApp("tui", "latest", home=home) as app:
        app.wait_for("RUN", "steps/s")
        app.press("c")
        app.wait_for("checkpoint saved")
        engine = find_engine(endless)
        assert engine is not None
        os.kill(engine.pid, signal.SIGKILL)
        app.wait_for("FAIL", "killed by signal 9", "R")
        app.press("R")
        app.wait_for("Resume", "goes on from its checkpoint at")
        app.press("y")
        app.wait_for("● RUN", "resumed from checkpoints/")
        assert "failed. Go on" not in app.screen, "that is over"
    again = find_engine(endless)
    assert again is not None
    assert again.pid != engine.pid


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "close"])
def test_the_end_of_the_app_or_of_its_terminal_ends_no_training(home: Path, endless: RunDir, name: str) -> None:
    with TmuxApp("tui", "latest", home=home) as app:
        app.wait_for("RUN", "steps/s")
        process = psutil.Process(app.pid)
        if name == "close":
            app.close_terminal()
        else:
            process.send_signal(signal.Signals[name])
        app.wait_until(
            lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, "the app has ended"
        )
    step = summarize(endless).step
    app.wait_until(lambda: summarize(endless).step > step, "it trains on")
    assert summarize(endless).status is Status.RUNNING
    assert not endless.commands.exists()
