"""A user's first day, with the real engine: train, pause, go on, lose the engine, train again, watch it in the app."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.launch import find_engine, kill_engine
from engine.protocol.checkpoints import find_checkpoint
from engine.protocol.events import CheckpointSaved
from engine.protocol.json_lines import event_reader
from engine.protocol.run_dir import find_run, list_runs
from engine.protocol.status import Status
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.screens.live import LiveScreen
from tests.rlrobo_tui.app_runs import drive, screen_text, until

TIMEOUT_S = 120
# Small rollouts, so that everything happens within seconds; more timesteps than the test will wait for.
QUICK = [
    "--set", "n_steps=64", "--set", "batch_size=64", "--set", "n_epochs=2", "--steps", "1e6", "--envs", "4",
    "--set", "checkpoints.every_timesteps=1024", "--set", "evaluation.every_timesteps=0", "--preset", "sb3",
]  # fmt: skip


@pytest.fixture
def runs_dir(tmp_path: Path) -> Iterator[Path]:
    """A folder for runs whose engines are killed at the end, whatever happened."""
    folder = tmp_path / "runs"
    yield folder
    for run in list_runs(folder):
        kill_engine(run)


def rlrobo(runs_dir: Path, *arguments: str, code: int = 0) -> str:
    """Type `rlrobo …` and return what it wrote to stdout."""
    script = "import sys; sys.argv[0] = 'rlrobo'; from rlrobo_tui.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env={**os.environ, "RLROBO_RUNS_DIR": str(runs_dir)},
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def listed(runs_dir: Path) -> list[dict[str, Any]]:
    return json.loads(rlrobo(runs_dir, "runs", "--json"))


def test_from_the_first_run_to_the_app(runs_dir: Path) -> None:
    started = json.loads(rlrobo(runs_dir, "train", "cartpole_balance", *QUICK, "--detach", "--json").splitlines()[-1])
    run = find_run(runs_dir, Path(started["dir"]).name)

    rlrobo(runs_dir, "pause", run.id)
    assert [(row["id"], row["status"]) for row in listed(runs_dir)] == [(run.id, "paused")]
    paused_at = listed(runs_dir)[0]["step"]
    rlrobo(runs_dir, "resume", run.id)
    rlrobo(runs_dir, "checkpoint", run.id)
    assert find_checkpoint(run.checkpoints, "latest").step >= paused_at

    assert kill_engine(run)
    while find_engine(run) is not None:
        os.sched_yield()
    row = listed(runs_dir)[0]
    assert (row["status"], row["end_reason"]) == ("failed", "killed")
    saved = [event.step for event in event_reader(run.events).read_new() if isinstance(event, CheckpointSaved)]
    assert find_checkpoint(run.checkpoints, "latest").step == max(saved)
    score = json.loads(rlrobo(runs_dir, "evaluate", run.id, "--episodes", "2", "--json"))
    assert score["checkpoint_step"] == max(saved)

    again = json.loads(rlrobo(runs_dir, "train", str(run.config), "--detach", "--json").splitlines()[-1])
    second = find_run(runs_dir, Path(again["dir"]).name)
    assert second.id != run.id
    assert second.read_config() == run.read_config()

    async def watch_and_stop(pilot: Pilot[None]) -> None:
        def live() -> LiveScreen:
            return next(screen for screen in pilot.app.screen_stack if isinstance(screen, LiveScreen))

        await until(pilot, lambda: any(isinstance(screen, LiveScreen) for screen in pilot.app.screen_stack))
        await until(pilot, lambda: len(live().view.series.get("rollout/ep_rew_mean", [])) >= 3, patience_s=TIMEOUT_S)
        await until(pilot, lambda: live().view.status is Status.RUNNING)
        assert "● RUN" in screen_text(pilot.app)
        await pilot.press("s", "y")
        await until(pilot, lambda: live().view.status is Status.STOPPED, patience_s=TIMEOUT_S)
        assert "STOPPED" in screen_text(pilot.app).upper()

    drive(RlroboApp(runs_dir, run=second), watch_and_stop)
    row = next(row for row in listed(runs_dir) if row["id"] == second.id)
    assert (row["status"], row["end_reason"]) == ("stopped", "stopped")
    assert find_checkpoint(second.checkpoints, "latest").step == row["step"]
    rlrobo(runs_dir, "stop", second.id, code=2)
