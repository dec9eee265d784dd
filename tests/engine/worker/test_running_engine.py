"""What an engine does with commands, signals and faults while it trains."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from engine.protocol.checkpoints import find_checkpoint
from engine.protocol.commands import Pause, Resume, SaveCheckpoint, Set, Stop, send_command
from engine.protocol.config import to_yaml
from engine.protocol.events import CheckpointSaved, CommandDone, Metrics, Resumed, RunStarted, StatusChanged, Warned
from engine.protocol.json_lines import event_reader
from engine.protocol.status import EndReason, Status
from engine.protocol.summary import summarize
from tests.engine.driver import QUICK, Engine, new_run, run_module

Start = Callable[..., Engine]


def test_pause_holds_training_and_resume_goes_on(start: Start) -> None:
    engine = start(*QUICK)
    engine.wait_for(Metrics, lambda event: event.step > 0)
    assert engine.order(Pause()).is_accepted
    paused = engine.wait_for(StatusChanged, lambda event: event.status is Status.PAUSED)
    process = psutil.Process(engine.pid)
    before_s = sum(process.cpu_times()[:2])
    # Five answers, each at least one poll apart, are more than a second of pause.
    answers = [engine.order(Pause()) for _ in range(5)]
    assert not any(answer.is_accepted for answer in answers)
    assert {answer.step for answer in answers} == {paused.step}
    assert sum(process.cpu_times()[:2]) - before_s < 0.2
    assert summarize(engine.run).status is Status.PAUSED
    assert engine.order(Resume()).is_accepted
    engine.wait_for(Metrics, lambda event: event.step > paused.step)


def test_commands_are_carried_out_or_refused_with_the_reason(start: Start) -> None:
    engine = start(*QUICK)
    engine.wait_for(Metrics, lambda event: event.step > 0)
    saved = engine.order(SaveCheckpoint())
    assert saved.is_accepted
    assert (engine.run.path / saved.detail / "policy.zip").is_file()
    assert engine.order(Set(key="learning_rate", value=1e-5)).detail == "learning_rate is 1e-05 from here on"
    engine.wait_for(Metrics, lambda event: event.values.get("train/learning_rate") == pytest.approx(1e-5))
    refused = engine.order(Set(key="gamma", value=0.5))
    assert not refused.is_accepted
    assert "learning_rate" in refused.detail
    assert not engine.order(Set(key="n_epochs", value=2.5)).is_accepted
    assert not engine.order(Resume()).is_accepted
    with engine.run.commands.open("a") as file:
        file.write("not a command\n")
    assert engine.wait_for(Warned).code == "bad_command"
    stop = Stop()
    assert engine.order(stop).is_accepted
    ended, code = engine.wait_for_end()
    assert (ended.reason, code) == (EndReason.STOPPED, 0)
    assert find_checkpoint(engine.run.checkpoints, "latest").step == ended.step


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_signal_saves_a_checkpoint_and_exits_with_zero(start: Start, number: signal.Signals) -> None:
    engine = start(*QUICK)
    engine.wait_for(Metrics, lambda event: event.step > 0)
    os.kill(engine.pid, number)
    ended, code = engine.wait_for_end()
    assert (ended.reason, code) == (EndReason.STOPPED, 0)
    assert find_checkpoint(engine.run.checkpoints, "latest").step == ended.step


@pytest.mark.slow
def test_a_stop_while_paused_ends_the_run(start: Start) -> None:
    engine = start(*QUICK)
    engine.order(Pause())
    os.kill(engine.pid, signal.SIGTERM)
    ended, code = engine.wait_for_end()
    assert (ended.reason, code) == (EndReason.STOPPED, 0)


@pytest.mark.slow
def test_a_closed_terminal_does_not_end_the_run(start: Start) -> None:
    engine = start(*QUICK)
    metrics = engine.wait_for(Metrics, lambda event: event.step > 0)
    os.kill(engine.pid, signal.SIGHUP)
    engine.wait_for(Metrics, lambda event: event.step > metrics.step + 1000)


def test_a_command_given_before_the_engine_started_counts(tmp_path: Path) -> None:
    run = new_run(tmp_path, *QUICK)
    send_command(run.commands, Stop())
    engine = Engine(run)
    ended, code = engine.wait_for_end()
    engine.kill()
    assert (ended.reason, code) == (EndReason.STOPPED, 0)


@pytest.mark.slow
def test_a_command_is_answered_once_however_often_the_engine_starts(tmp_path: Path) -> None:
    run = new_run(tmp_path, *QUICK, "checkpoints.every_timesteps=256")
    command = SaveCheckpoint()
    send_command(run.commands, command)
    for begins in (RunStarted, Resumed):
        engine = Engine(run)
        engine.wait_for(begins)
        engine.wait_for(CheckpointSaved, lambda event: event.reason == "periodic")
        engine.kill()
    answers = [event for event in event_reader(run.events).read_new() if isinstance(event, CommandDone)]
    assert [event.command_id for event in answers] == [command.id]


@pytest.mark.slow
def test_a_stop_that_an_engine_did_not_live_to_see_does_not_stop_the_next(tmp_path: Path) -> None:
    run = new_run(tmp_path, *QUICK, "checkpoints.every_timesteps=256")
    engine = Engine(run)
    engine.wait_for(CheckpointSaved)
    stop = Stop(time=time.time())
    engine.kill()
    send_command(run.commands, stop)
    engine = Engine(run)
    engine.wait_for(Resumed)
    answer = engine.wait_for(CommandDone, lambda event: event.command_id == stop.id)
    engine.kill()
    assert not answer.is_accepted
    assert "resumed" in answer.detail


def test_a_killed_engine_leaves_its_checkpoints_whole_and_the_run_failed(start: Start) -> None:
    engine = start(*QUICK, "checkpoints.every_timesteps=256")
    saved = engine.wait_for(CheckpointSaved, lambda event: event.step >= 512)
    engine.kill()
    assert find_checkpoint(engine.run.checkpoints, "latest").step >= saved.step
    summary = summarize(engine.run)
    assert (summary.status, summary.end_reason) == (Status.FAILED, EndReason.KILLED)


def test_a_second_engine_is_refused_while_the_first_trains(start: Start) -> None:
    engine = start(*QUICK)
    engine.wait_for(Metrics)
    result = run_module("engine", str(engine.run.path))
    assert result.returncode == 3
    assert f"process {engine.pid}" in result.stderr
    assert "rlrobo stop" in result.stderr


def test_a_diverged_loss_ends_the_run_and_is_named(start: Start) -> None:
    engine = start(*QUICK, "learning_rate=1e30", "max_grad_norm=1e30")
    ended, code = engine.wait_for_end()
    assert (ended.reason, code) == (EndReason.DIVERGED, 1)
    assert "train/" in ended.message or "action" in ended.message
    assert f"step {ended.step}" in ended.message
    assert ended.traceback == ""


def test_a_gpu_that_is_not_there_is_explained(start: Start) -> None:
    engine = start("device=cuda:7")
    ended, code = engine.wait_for_end()
    assert (ended.reason, code) == (EndReason.FAILED, 1)
    assert ended.message.startswith("device: cuda:7: torch")
    assert ended.traceback == ""


def test_an_error_of_the_program_is_reported_with_its_traceback(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    # A file where TensorBoard wants its folder: nothing a user did, and nothing the engine expects.
    run.tensorboard.write_text("")
    engine = Engine(run)
    ended, code = engine.wait_for_end()
    engine.kill()
    assert (ended.reason, code) == (EndReason.FAILED, 1)
    assert "Traceback" in ended.traceback
    assert "Traceback" in engine.log()


def test_an_unknown_task_in_a_run_is_explained(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    run.config.write_text(to_yaml(run.read_config()).replace("cartpole_balance", "cartpole_balanse"))
    engine = Engine(run)
    ended, _ = engine.wait_for_end()
    engine.kill()
    assert ended.reason is EndReason.FAILED
    assert "cartpole_balance" in ended.message
    assert ended.traceback == ""


def test_a_directory_that_is_no_run_is_explained(tmp_path: Path) -> None:
    result = run_module("engine", str(tmp_path))
    assert result.returncode == 2
    assert "not a run directory" in result.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1.5 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount the small file system that fills up")
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("this machine does not let root mount a tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_pauses_the_run_until_there_is_room(small_disk: Path) -> None:
    run = new_run(small_disk, *QUICK, "checkpoints.every_timesteps=256", "checkpoints.keep_last=0")
    engine = Engine(run)
    try:
        paused = engine.wait_for(StatusChanged, lambda event: event.status is Status.PAUSED)
        assert "disk is full" in paused.detail
        assert "rlrobo resume" in paused.detail
        assert find_checkpoint(run.checkpoints, "latest").step <= paused.step
        assert not list(run.checkpoints.glob(".*"))
        assert not engine.order(SaveCheckpoint()).is_accepted

        subprocess.run(["mount", "-o", "remount,size=50m", str(small_disk)], check=True)
        assert engine.order(Resume()).is_accepted
        engine.wait_for(CheckpointSaved, lambda event: event.step > paused.step)
        assert engine.order(Stop()).is_accepted
        ended, code = engine.wait_for_end()
        assert (ended.reason, code) == (EndReason.STOPPED, 0)
    finally:
        engine.kill()
