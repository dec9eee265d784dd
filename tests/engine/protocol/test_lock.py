"""One engine for one run: the kernel decides, and a death is seen at once."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from engine.protocol.errors import RunBusyError, StorageError
from engine.protocol.lock import Holder, RunLock, describe_process, read_holder

HOLD = """
import sys
from pathlib import Path
from engine.protocol.lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
RACE = """
import sys
from pathlib import Path
from engine.protocol.errors import RunBusyError
from engine.protocol.lock import RunLock
sys.stdin.readline()
try:
    with RunLock(Path(sys.argv[1])):
        print("won", flush=True)
        sys.stdin.read()
except RunBusyError:
    print("lost", flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "engine.lock"


def start(program: str, path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def read_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def other(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock."""
    with start(HOLD, path) as process:
        assert read_line(process) == "held"
        yield process
        process.kill()


def our_holder(path: Path) -> Holder:
    with RunLock(path):
        holder = read_holder(path)
    assert holder is not None
    return holder


def test_second_process_is_refused_with_the_pid_of_the_first(path: Path, other: "subprocess.Popen[str]") -> None:
    with (
        pytest.raises(RunBusyError, match=f"process {other.pid} on {socket.gethostname()} already trains"),
        RunLock(path),
    ):
        pass


def test_refused_process_leaves_the_holder_on_record(path: Path, other: "subprocess.Popen[str]") -> None:
    with pytest.raises(RunBusyError), RunLock(path):
        pass
    holder = read_holder(path)
    assert holder is not None
    assert (holder.pid, holder.is_alive) == (other.pid, True)


def test_lock_is_free_when_its_holder_was_killed(path: Path, other: "subprocess.Popen[str]") -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    with RunLock(path):
        assert our_pid(path) == os.getpid()


def our_pid(path: Path) -> int | None:
    holder = read_holder(path)
    return holder.pid if holder else None


def test_killed_holder_stays_on_record_and_is_not_alive(path: Path, other: "subprocess.Popen[str]") -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    holder = read_holder(path)
    assert holder is not None
    assert (holder.pid, holder.is_here, holder.is_alive) == (other.pid, True, False)


def test_killed_holder_that_nobody_waited_for_is_not_alive(path: Path, other: "subprocess.Popen[str]") -> None:
    other.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # dead, and still a zombie
    holder = read_holder(path)
    assert holder is not None
    assert not holder.is_alive


def test_lock_that_was_given_back_has_no_holder(path: Path) -> None:
    our_holder(path)
    assert read_holder(path) is None


def test_lock_that_was_never_taken_has_no_holder(path: Path) -> None:
    assert read_holder(path) is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"pid":1}', b'{"hostname":"\xff"}'])
def test_damaged_lock_file_has_no_holder(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert read_holder(path) is None


def test_lock_is_given_back_when_the_block_raises(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), RunLock(path):
        raise ZeroDivisionError
    assert our_holder(path).is_alive


def test_own_process_is_alive(path: Path) -> None:
    assert our_holder(path).is_alive


def test_holder_of_another_boot_is_not_alive(path: Path) -> None:
    assert not msgspec.structs.replace(our_holder(path), boot_id="another").is_alive


def test_holder_on_another_machine_is_neither_here_nor_known_alive(path: Path) -> None:
    holder = msgspec.structs.replace(our_holder(path), hostname="another")
    assert (holder.is_here, holder.is_alive) == (False, False)


def test_process_that_got_the_same_pid_later_is_not_the_holder(path: Path) -> None:
    holder = our_holder(path)
    assert not msgspec.structs.replace(holder, process_started=holder.process_started - 60).is_alive


@pytest.mark.parametrize("change", [{"boot_id": "another"}, {"process_started": 1.0}, {"hostname": "another"}])
def test_lock_of_a_reboot_a_reused_pid_or_another_machine_is_taken_over(path: Path, change: dict[str, object]) -> None:
    """The kernel has let go of it, whatever the record in it says."""
    holder = msgspec.structs.replace(describe_process(os.getpid()), **change)
    path.write_bytes(msgspec.json.encode(holder))
    assert our_holder(path) == describe_process(os.getpid())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only psutil knows when a process started")
def test_clock_that_is_set_does_not_change_when_a_process_started(path: Path) -> None:
    """The start is counted from the boot, so it is below the time that the machine is up."""
    assert 0 < our_holder(path).process_started < time.clock_gettime(time.CLOCK_BOOTTIME)


def test_process_with_an_odd_name_is_recognised(tmp_path: Path) -> None:
    program = tmp_path / "a) S (b"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "60"]) as process:
        assert describe_process(process.pid).is_alive
        process.kill()


def test_process_that_is_gone_cannot_be_described() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with pytest.raises(ProcessLookupError):
        describe_process(process.pid)


def test_lock_in_a_missing_directory_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot write"), RunLock(tmp_path / "absent" / "engine.lock"):
        pass


def test_one_of_twenty_racing_processes_wins(path: Path) -> None:
    racers = [start(RACE, path) for _ in range(20)]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    results = sorted(read_line(racer) for racer in racers)
    for racer in racers:
        racer.communicate()
    assert results == ["lost"] * 19 + ["won"]


@pytest.mark.slow
def test_fifty_races_over_the_lock_of_a_killed_engine_have_one_winner_each(path: Path) -> None:
    for _ in range(50):
        racers = [start(RACE, path) for _ in range(4)]
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        results = {read_line(racer): racer for racer in racers}
        assert sorted(results) == ["lost", "won"]
        results["won"].kill()  # the next race is for the lock of a dead holder
        outcomes = [racer.wait() for racer in racers]
        assert outcomes.count(-signal.SIGKILL) == 1
        for racer in racers:
            racer.communicate()
