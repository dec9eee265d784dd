"""What is concluded of an engine from its lock, its heartbeat and its supervisor."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from engine.protocol.heartbeat import LOST_AFTER_S, MIN_PATIENCE_S, Heartbeat
from engine.protocol.liveness import look
from engine.protocol.lock import Holder, describe_process
from engine.protocol.run_dir import RunDir
from engine.protocol.status import Status

NOW = 5000.0


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return RunDir(tmp_path)


@pytest.fixture
def dead() -> Holder:
    """A process that was killed."""
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        holder = describe_process(process.pid)
        process.kill()
    return holder


def write(path: Path, record: Holder | Heartbeat) -> None:
    path.write_bytes(msgspec.json.encode(record))


def beat(run: RunDir, *, age_s: float = 1.0, still_s: float = 1.0, pid: int | None = None) -> None:
    write(run.heartbeat, Heartbeat(time=NOW - age_s, step=64, pid=pid or os.getpid(), stepped_at=NOW - still_s))


def alarm(run: RunDir, *, status: Status = Status.RUNNING, quiet_s: float = 1000.0) -> str:
    found = look(run, now=NOW)
    assert found.is_alive
    return found.alarm(status, quiet_since=NOW - quiet_s)


def test_living_process_is_alive_and_well(run: RunDir) -> None:
    write(run.lock_file, describe_process(os.getpid()))
    assert alarm(run) == ""
    beat(run)
    assert alarm(run) == ""


def test_dead_process_is_not_alive_however_fresh_its_heartbeat(run: RunDir, dead: Holder) -> None:
    write(run.lock_file, dead)
    beat(run, age_s=0.1, pid=dead.pid)
    assert not look(run, now=NOW).is_alive


def test_living_supervisor_is_given_the_time_to_tell(run: RunDir, dead: Holder) -> None:
    write(run.lock_file, dead)
    write(run.supervisor_lock, describe_process(os.getpid()))
    beat(run, age_s=LOST_AFTER_S - 1, pid=dead.pid)
    assert look(run, now=NOW).is_alive
    beat(run, age_s=LOST_AFTER_S + 1, pid=dead.pid)
    assert not look(run, now=NOW).is_alive


def test_dead_supervisor_tells_nothing_any_more(run: RunDir, dead: Holder) -> None:
    write(run.lock_file, dead)
    write(run.supervisor_lock, dead)
    beat(run, pid=dead.pid)
    assert not look(run, now=NOW).is_alive


def test_run_without_a_holder_is_not_alive(run: RunDir) -> None:
    assert not look(run, now=NOW).is_alive


@pytest.mark.parametrize(("age_s", "is_lost"), [(LOST_AFTER_S - 1, False), (LOST_AFTER_S + 1, True)])
def test_engine_of_another_machine_is_lost_when_its_heart_is_silent(run: RunDir, age_s: float, is_lost: bool) -> None:
    write(run.lock_file, Holder(pid=7, process_started=0.0, hostname="another", boot_id="another"))
    beat(run, age_s=age_s, pid=7)
    assert ("No sign of life from the engine on another" in alarm(run)) == is_lost


def test_engine_of_another_machine_without_a_heart_counts_as_alive(run: RunDir) -> None:
    write(run.lock_file, Holder(pid=7, process_started=0.0, hostname="another", boot_id="another"))
    assert alarm(run) == ""


@pytest.mark.parametrize("age_s", [1.0, MIN_PATIENCE_S + 1])
def test_engine_without_a_step_for_long_may_hang_whether_its_heart_beats_or_not(run: RunDir, age_s: float) -> None:
    write(run.lock_file, describe_process(os.getpid()))
    beat(run, age_s=age_s, still_s=MIN_PATIENCE_S - 1)
    assert alarm(run) == ""
    beat(run, age_s=age_s, still_s=MIN_PATIENCE_S + 1)
    assert f"No step for more than {MIN_PATIENCE_S:.0f} s: process {os.getpid()}" in alarm(run)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.RUNNING])
def test_only_a_running_engine_is_expected_to_step(run: RunDir, status: Status) -> None:
    write(run.lock_file, describe_process(os.getpid()))
    beat(run, still_s=10_000.0)
    assert alarm(run, status=status) == ""


def test_event_is_progress_like_a_step(run: RunDir) -> None:
    write(run.lock_file, describe_process(os.getpid()))
    beat(run, still_s=10_000.0)
    assert alarm(run, quiet_s=1.0) == ""


def test_heartbeat_of_an_earlier_engine_says_nothing_of_this_one(run: RunDir) -> None:
    write(run.lock_file, describe_process(os.getpid()))
    beat(run, age_s=10_000.0, still_s=10_000.0, pid=os.getpid() + 1)
    assert alarm(run) == ""
