"""The commands with the real engine: train, command, interrupt, evaluate and record a small run."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest

from engine.launch import find_engine, kill_engine
from engine.protocol.run_dir import RunDir, list_runs
from engine.protocol.status import Status
from engine.protocol.summary import summarize
from tests.rlrobo_tui.cli_calls import Result, call_process, start_process

SMALL = ("--preset", "sb3", "--envs", "2", "--set", "n_steps=128", "--set", "evaluation.every_timesteps=0")
RESULT_KEYS = {"dir", "id", "status", "end_reason", "step", "total_steps", "return_mean", "best_return_mean"}
DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDir, Result]:
    """A run that was trained to its end, and what `rlrobo train --json` said."""
    runs_dir = tmp_path_factory.mktemp("runs")
    result = call_process(runs_dir, "train", "cartpole_balance", "--steps", "512", *SMALL, "--json")
    return list_runs(runs_dir)[0], result


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[Callable[[], tuple[RunDir, "subprocess.Popen[str]"]]]:
    """Start a run that nobody will see the end of; its engine is gone after the test."""
    processes: list[subprocess.Popen[str]] = []

    def start() -> tuple[RunDir, "subprocess.Popen[str]"]:
        processes.append(start_process(tmp_path, "train", "cartpole_balance", "--steps", "1e9", *SMALL))
        wait_until(lambda: [run for run in list_runs(tmp_path) if summarize(run).status is Status.RUNNING])
        return list_runs(tmp_path)[0], processes[-1]

    yield start
    for run in list_runs(tmp_path):
        kill_engine(run)
    for process in processes:
        process.kill()
        process.communicate()


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "the deadline passed"
        time.sleep(0.05)


def test_train_ends_with_one_json_object_on_stdout(trained: tuple[RunDir, Result]) -> None:
    run, result = trained
    assert result.exit_code == 0, result.stderr
    (line,) = result.stdout.splitlines()
    told = json.loads(line)
    assert told.keys() >= RESULT_KEYS
    assert (told["dir"], told["status"], told["end_reason"], told["step"]) == (
        str(run.path),
        "finished",
        "completed",
        512,
    )


def test_evaluate_measures_the_checkpoint_in_json(trained: tuple[RunDir, Result]) -> None:
    run, _ = trained
    result = call_process(run.path.parent, "evaluate", "--episodes", "3", "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert (told["episodes"], told["checkpoint_step"], len(told["returns"])) == (3, 512, 3)
    assert told["return_mean"] == pytest.approx(sum(told["returns"]) / 3)
    assert told["return_ci95"] >= 0
    assert sum(told["termination_rates"].values()) == pytest.approx(1.0)


def test_replay_records_a_video_that_decodes(trained: tuple[RunDir, Result], tmp_path: Path) -> None:
    run, _ = trained
    path = tmp_path / "replay.mp4"
    arguments = ("--video", str(path), "--steps", "10", "--fps", "50", "--width", "64", "--height", "48")
    result = call_process(run.path.parent, "replay", *arguments)
    assert (result.exit_code, result.stdout) == (0, f"{path}\n"), result.stderr
    # 10 control steps of 0.02 s at 50 frames/s, and the frame at time 0.
    assert imageio_ffmpeg.count_frames_and_secs(str(path)) == (11, pytest.approx(0.22, abs=0.01))


def test_commands_reach_the_engine_and_are_answered(
    endless: Callable[[], tuple[RunDir, "subprocess.Popen[str]"]],
) -> None:
    run, follower = endless()
    follower.send_signal(signal.SIGHUP)  # the terminal closes; the run must go on
    follower.wait()
    expected = {
        ("pause",): (0, "pause done"),
        ("set", "learning_rate=1e-4"): (0, "set done"),
        ("set", "learning_rat=1e-4"): (2, "set refused"),
        ("checkpoint",): (0, "save_checkpoint done"),
        ("resume",): (0, "resume done"),
        ("stop",): (0, "stopped at step"),
    }
    for (name, *rest), (exit_code, words) in expected.items():
        result = call_process(run.path.parent, name, run.id, *rest)
        assert (result.exit_code, result.stdout) == (exit_code, ""), result.stderr
        assert words in result.stderr
    assert summarize(run).status is Status.STOPPED
    assert find_engine(run) is None


def test_ctrl_c_stops_the_run_saves_a_checkpoint_and_exits_with_130(
    endless: Callable[[], tuple[RunDir, "subprocess.Popen[str]"]],
) -> None:
    run, follower = endless()
    follower.send_signal(signal.SIGINT)
    stdout, stderr = follower.communicate(timeout=DEADLINE_S)
    assert follower.returncode == 130
    assert stdout == f"{run.path}\n"
    assert "stopping, saving a checkpoint" in stderr
    assert "Traceback" not in stderr
    assert summarize(run).status is Status.STOPPED
    assert list(run.checkpoints.glob("[0-9]*"))


@pytest.mark.slow
def test_second_ctrl_c_leaves_the_engine_to_finish_alone(
    endless: Callable[[], tuple[RunDir, "subprocess.Popen[str]"]],
) -> None:
    run, follower = endless()
    holder = find_engine(run)
    assert holder is not None
    os.kill(holder.pid, signal.SIGSTOP)  # so that it cannot answer the first one
    follower.send_signal(signal.SIGINT)
    wait_until(lambda: run.commands.exists() and run.commands.stat().st_size)
    follower.send_signal(signal.SIGINT)
    _, stderr = follower.communicate(timeout=DEADLINE_S)
    assert follower.returncode == 130
    assert "the engine finishes alone" in stderr
    assert find_engine(run) is not None
    os.kill(holder.pid, signal.SIGCONT)
    wait_until(lambda: summarize(run).status is Status.STOPPED)


@pytest.mark.slow
def test_engine_that_is_killed_ends_train_with_the_code_for_try_again(
    endless: Callable[[], tuple[RunDir, "subprocess.Popen[str]"]],
) -> None:
    run, follower = endless()
    assert call_process(run.path.parent, "stop", run.id, "--kill", "--yes").exit_code == 0
    _, stderr = follower.communicate(timeout=DEADLINE_S)
    assert follower.returncode == 3
    assert "Failed: The engine was killed by signal 9 (SIGKILL). Go on with `rlrobo resume" in stderr
    assert "rlrobo replay" not in stderr  # there is no checkpoint to replay
