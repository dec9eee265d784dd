"""A real engine and its supervisor: whoever of them dies, viewers learn it, and nobody drags the other along."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.launch import find_engine, find_supervisor, kill_engine, signal_stop
from engine.protocol.commands import Pause
from engine.protocol.events import CheckpointSaved, Metrics, RunEnded, Warned
from engine.protocol.heartbeat import read_heartbeat
from engine.protocol.status import OUTCOMES, EndReason, Status
from engine.protocol.summary import summarize
from rlrobo_tui.tail import RunTail
from tests.engine.driver import QUICK, TIMEOUT_S, Engine, new_run, wait_until

Start = Callable[..., Engine]


def test_killed_engine_is_told_with_its_signal(start: Start) -> None:
    engine = start(*QUICK)
    trained = engine.wait_for(Metrics, lambda event: event.step > 0)
    os.kill(engine.pid, signal.SIGKILL)
    ended, code = engine.wait_for_end()
    assert (ended.reason, ended.exit_code, code) == (EndReason.KILLED, 137, 137)
    assert "killed by signal 9 (SIGKILL)" in ended.message
    assert ended.step >= trained.step
    summary = summarize(engine.run)
    assert (summary.status, summary.end_reason) == (Status.FAILED, EndReason.KILLED)
    assert f"`rlrobo resume {engine.run.id}`" in summary.message


@pytest.mark.slow
def test_engine_outlives_its_supervisor_and_the_death_of_both_is_concluded(start: Start) -> None:
    engine = start(*QUICK)
    metrics = engine.wait_for(Metrics, lambda event: event.step > 0)
    engine.process.kill()
    engine.process.wait(TIMEOUT_S)
    engine.wait_for(Metrics, lambda event: event.step > metrics.step + 1000)
    tail = RunTail(engine.run)
    tail.poll()
    assert (tail.view.status, summarize(engine.run).status) == (Status.RUNNING, Status.RUNNING)
    os.kill(engine.pid, signal.SIGKILL)
    wait_until(lambda: find_engine(engine.run) is None)
    tail.poll()
    for told in (tail.view.end_message, summarize(engine.run).message):
        assert told == f"{OUTCOMES[EndReason.KILLED].sentence} Go on with `rlrobo resume {engine.run.id}`."


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_signal_to_the_supervisor_stops_the_engine(start: Start, number: signal.Signals) -> None:
    engine = start(*QUICK)
    engine.wait_for(Metrics, lambda event: event.step > 0)
    engine.process.send_signal(number)
    ended, code = engine.wait_for_end()
    assert (ended.reason, code) == (EndReason.STOPPED, 0)


def test_stop_reaches_an_engine_that_is_only_starting(start: Start) -> None:
    engine = start(*QUICK)
    wait_until(lambda: find_supervisor(engine.run) is not None)
    assert signal_stop(engine.run)
    ended, code = engine.wait_for_end()
    assert (ended.reason, code) == (EndReason.STOPPED, 0)


def test_closed_terminal_ends_neither(start: Start) -> None:
    engine = start(*QUICK)
    metrics = engine.wait_for(Metrics, lambda event: event.step > 0)
    engine.process.send_signal(signal.SIGHUP)
    engine.wait_for(Metrics, lambda event: event.step > metrics.step + 1000)
    assert engine.process.poll() is None


def test_heart_beats_while_the_run_is_paused(start: Start) -> None:
    engine = start(*QUICK)
    engine.order(Pause())
    first = read_heartbeat(engine.run.heartbeat)
    assert first is not None
    assert first.pid == engine.pid

    def has_beaten() -> bool:
        beat = read_heartbeat(engine.run.heartbeat)
        return beat is not None and beat.time > first.time

    wait_until(has_beaten)


@pytest.mark.slow
def test_crashed_engine_goes_on_until_it_is_killed_on_purpose(tmp_path_factory: pytest.TempPathFactory) -> None:
    run = new_run(tmp_path_factory.mktemp("runs"), *QUICK, "checkpoints.every_timesteps=256")
    engine = Engine(run, auto_resume=1)
    try:
        saved = engine.wait_for(CheckpointSaved)
        os.kill(engine.pid, signal.SIGKILL)
        warned = engine.wait_for(Warned, lambda event: event.code == "auto_resume")
        assert "killed by signal 9 (SIGKILL)" in warned.message
        engine.wait_for(CheckpointSaved, lambda event: event.step > saved.step)
        assert kill_engine(run)
        ended, _ = engine.wait_for_end()
        assert ended.reason is EndReason.KILLED
        assert [event for event in engine.seen if isinstance(event, RunEnded)] == [ended]
    finally:
        engine.kill()


@pytest.mark.slow
def test_fifty_races_of_two_engines_for_one_run_have_one_winner_each(tmp_path: Path) -> None:
    run = new_run(tmp_path, *QUICK)
    command = [sys.executable, "-m", "engine", str(run.path)]
    for _ in range(50):
        engines = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)]
        wait_until(lambda engines=engines: any(engine.poll() is not None for engine in engines))
        codes = [engine.poll() for engine in engines]
        for engine in engines:
            engine.kill()  # the winner; the next race is for the run of a killed engine
            engine.wait()
        assert sorted(codes, key=str) == [3, None]
