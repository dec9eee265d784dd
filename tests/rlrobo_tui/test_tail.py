"""Following a run: its end and its engine's troubles are seen, once each."""

import os
from pathlib import Path

import msgspec
import pytest

from engine.protocol.events import EvaluationDone, Event, RunEnded, RunStarted, StatusChanged, Warned, encode_event
from engine.protocol.files import write_whole
from engine.protocol.heartbeat import Heartbeat
from engine.protocol.json_lines import EventWriter
from engine.protocol.lock import describe_process
from engine.protocol.run_dir import RunDir
from engine.protocol.status import OUTCOMES, EndReason, Status
from rlrobo_tui.notices import notices
from rlrobo_tui.tail import RunTail

START = 1000.0
RUNNING = (RunStarted(run_id="r"), StatusChanged(status=Status.RUNNING))


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    (tmp_path / "r").mkdir()
    return RunDir(tmp_path / "r")


def write(run: RunDir, *events: Event) -> None:
    writer = EventWriter(run.events, clock=lambda: START)
    for event in events:
        writer.write(event)
    writer.close()


def hold(path: Path) -> None:
    path.write_bytes(msgspec.json.encode(describe_process(os.getpid())))


def beat(run: RunDir, *, at: float, stepped_at: float) -> None:
    content = Heartbeat(time=at, step=64, pid=os.getpid(), stepped_at=stepped_at)
    run.heartbeat.write_bytes(msgspec.json.encode(content))


def warnings(tail: RunTail) -> list[str]:
    return [line.text for line in tail.view.log if line.kind == "warning"]


def test_dead_engine_is_seen_at_the_next_poll_with_the_next_step(run: RunDir) -> None:
    write(run, *RUNNING)
    tail = RunTail(run)
    hold(run.lock_file)
    tail.poll()
    assert not tail.is_over
    before = tail.view.snapshot()
    run.lock_file.write_text("")
    assert tail.poll()
    assert tail.view.end_message == f"{OUTCOMES[EndReason.KILLED].sentence} Go on with `rlrobo resume r`."
    assert notices(before, tail.view) == [("r failed.", "warning")]


def test_cause_that_the_supervisor_tells_is_waited_for(run: RunDir) -> None:
    write(run, *RUNNING)
    hold(run.supervisor_lock)
    beat(run, at=START, stepped_at=START)
    tail = RunTail(run, clock=lambda: START + 1)
    tail.poll()
    assert not tail.is_over
    write(run, RunEnded(reason=EndReason.KILLED, message="Killed by signal 9."))
    tail.poll()
    assert tail.view.end_message.startswith("Killed by signal 9.")


def test_cause_that_comes_late_replaces_the_conclusion(run: RunDir) -> None:
    write(run, *RUNNING)
    tail = RunTail(run)
    tail.poll()
    assert tail.view.end_reason is EndReason.KILLED
    write(run, RunEnded(reason=EndReason.KILLED, message="Killed by signal 9."))
    tail.poll()
    assert tail.view.end_message.startswith("Killed by signal 9.")


def test_hung_engine_is_told_once_and_taken_back_when_it_steps(run: RunDir) -> None:
    now = START + 100
    write(run, *RUNNING)
    hold(run.lock_file)
    beat(run, at=now, stepped_at=START)
    tail = RunTail(run, clock=lambda: now)
    assert tail.poll()
    assert tail.view.alarm.startswith("No step for more than 60 s")
    assert tail.view.status is Status.RUNNING
    assert not tail.poll()
    assert len(warnings(tail)) == 1
    beat(run, at=now, stepped_at=now)
    assert tail.poll()
    assert tail.view.alarm == ""


def test_alarm_ends_with_the_run(run: RunDir) -> None:
    write(run, *RUNNING)
    hold(run.lock_file)
    beat(run, at=START, stepped_at=0.0)
    tail = RunTail(run, clock=lambda: START + 100)
    tail.poll()
    assert tail.view.alarm
    run.lock_file.write_text("")
    run.heartbeat.unlink()
    tail.poll()
    assert (tail.is_over, tail.view.alarm) == (True, "")


def test_news_are_read_with_rests_for_others_and_the_history_in_a_hurry(
    run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    monkeypatch.setattr("rlrobo_tui.tail.time.sleep", rests.append)
    monkeypatch.setattr("rlrobo_tui.tail.NEWS_BYTES", 200)
    monkeypatch.setattr("rlrobo_tui.tail.NUM_RESTS", 3)
    tail, lines = RunTail(run), [Warned(step=step, message="!") for step in range(50)]
    write(run, *RUNNING, *lines)
    tail.poll()
    assert (rests, tail.num_events) == ([], 52)
    write(run, *lines)
    tail.poll()
    assert (len(rests), tail.num_events) == (3, 102), "what is too much for rests is read in a hurry, too"
    write(run, *lines[:1])
    tail.poll()
    assert (len(rests), tail.num_events) == (4, 103)


def test_a_file_that_was_replaced_is_told_anew_and_not_twice(run: RunDir) -> None:
    write(run, *RUNNING, EvaluationDone(step=10, return_mean=1.0), EvaluationDone(step=20, return_mean=2.0))
    tail = RunTail(run)
    tail.poll()
    kept = run.events.read_bytes().splitlines(keepends=True)[:3]
    write_whole(run.events, b"".join(kept) + 3 * encode_event(EvaluationDone(step=30, return_mean=3.0)))
    assert tail.poll()
    assert [seen.step for seen in tail.view.evaluations] == [10, 30, 30, 30]
