"""A run that another machine trains is what its follower says, and never dead for want of a process here."""

import os
from pathlib import Path

import msgspec
import pytest

from engine.protocol.events import RunEnded, RunStarted, StatusChanged, encode_event
from engine.protocol.liveness import NOT_FOLLOWED, look
from engine.protocol.lock import describe_process
from engine.protocol.remote import Remote, read_remote, write_remote
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason, Status
from engine.protocol.summary import summarize
from rlrobo_tui.tail import RunTail

MOVING = "The Spot instance was taken back; the next one starts."


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return RunDir(tmp_path)


def tell(run: RunDir, *, is_active: bool = True, is_training: bool = False, alarm: str = "") -> None:
    remote = Remote(place="spot", is_active=is_active, sentence=MOVING, time=1.0, alarm=alarm, is_training=is_training)
    write_remote(run.remote, remote)


def follow(run: RunDir) -> None:
    run.supervisor_lock.write_bytes(msgspec.json.encode(describe_process(os.getpid())))


def write_events(run: RunDir, *, is_ended: bool) -> None:
    events = [RunStarted(seq=1, total_timesteps=100), StatusChanged(seq=2, step=40, status=Status.RUNNING)]
    ended = [RunEnded(seq=3, step=40, reason=EndReason.STOPPED)] if is_ended else []
    run.events.write_bytes(b"".join(map(encode_event, [*events, *ended])))


def test_it_comes_back(run: RunDir) -> None:
    assert read_remote(run.remote) is None
    tell(run)
    remote = read_remote(run.remote)
    assert remote is not None
    assert remote.sentence == MOVING


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]"])
def test_a_damaged_file_is_none(run: RunDir, content: bytes) -> None:
    run.remote.write_bytes(content)
    assert read_remote(run.remote) is None


def test_it_lives_without_a_process_here(run: RunDir) -> None:
    tell(run, is_training=True)
    engine = look(run, now=20.0)
    assert engine.is_alive
    assert engine.alarm(Status.RUNNING, quiet_since=0.0) == NOT_FOLLOWED
    assert look(run, now=2.0).alarm(Status.RUNNING, quiet_since=0.0) == "", "who follows it may just be starting"
    follow(run)
    assert look(run, now=20.0).alarm(Status.RUNNING, quiet_since=0.0) == ""
    tell(run, is_training=True, alarm="AWS does not answer.")
    assert look(run, now=20.0).alarm(Status.RUNNING, quiet_since=0.0) == "AWS does not answer."


@pytest.mark.parametrize("is_ended", [False, True])
def test_between_two_machines_it_starts(run: RunDir, is_ended: bool) -> None:
    write_events(run, is_ended=is_ended)
    follow(run)
    tell(run)
    summary = summarize(run)
    assert (summary.status, summary.end_reason, summary.message) == (Status.STARTING, None, MOVING)
    tail = RunTail(run)
    tail.poll()
    assert not tail.is_over
    assert (tail.view.status, tail.view.status_detail) == (Status.STARTING, MOVING)


def test_it_runs_where_its_engine_trains(run: RunDir) -> None:
    write_events(run, is_ended=False)
    follow(run)
    tell(run, is_training=True)
    assert summarize(run).status is Status.RUNNING
    tail = RunTail(run)
    tail.poll()
    assert tail.view.status is Status.RUNNING


def test_it_is_not_over_before_its_last_files_are_here(run: RunDir) -> None:
    write_events(run, is_ended=True)
    follow(run)
    tell(run, is_training=True)
    tail = RunTail(run)
    tail.poll()
    assert (tail.view.status, tail.is_over) == (Status.STOPPED, False)
    tell(run, is_active=False)
    tail.poll()
    assert (tail.view.status, tail.is_over) == (Status.STOPPED, True)


def test_it_is_over_when_the_cloud_is_done_with_it(run: RunDir) -> None:
    write_events(run, is_ended=True)
    tell(run, is_active=False)
    assert summarize(run).status is Status.STOPPED
    tail = RunTail(run)
    tail.poll()
    assert tail.is_over
