"""How an engine died, in words: the signal is always known, the want of memory only where the kernel tells."""

import os
import signal
from pathlib import Path

import pytest

from engine.death import OutOfMemoryWatch, describe_death, memory_counters, shell_code

KILLED = -signal.SIGKILL
PID = 4242


def watch(tmp_path: Path, *, counters: tuple[Path, ...] = ()) -> OutOfMemoryWatch:
    return OutOfMemoryWatch(counters=counters, kernel_log=tmp_path / "kmsg")


@pytest.mark.parametrize(
    ("returncode", "words", "code"),
    [
        (-9, "killed by signal 9 (SIGKILL).", 137),
        (-11, "killed by signal 11 (SIGSEGV).", 139),
        (-40, "killed by signal 40.", 168),
        (139, "died with exit code 139; engine.log", 139),
        (1, "died with exit code 1; engine.log", 1),
    ],
)
def test_death_is_told_as_signal_or_exit_code(returncode: int, words: str, code: int) -> None:
    sentence = describe_death(returncode, is_out_of_memory=False)
    assert words in sentence
    assert "memory" not in sentence
    assert shell_code(returncode) == code


def test_want_of_memory_is_told_with_what_to_do() -> None:
    sentence = describe_death(KILLED, is_out_of_memory=True)
    assert "killed by signal 9 (SIGKILL)" in sentence
    assert "out of memory" in sentence
    assert "num_envs" in sentence


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("memory.events", "low 0\noom 1\noom_kill 3\noom_group_kill 0\n", "low 0\noom 2\noom_kill 4\n"),
        ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", "under_oom 0\noom_kill 1\n"),
    ],
)
def test_counter_that_rose_means_out_of_memory(tmp_path: Path, name: str, before: str, after: str) -> None:
    counter = tmp_path / name
    counter.write_text(before)
    one = watch(tmp_path, counters=(counter,))
    assert not one.saw(PID, KILLED)
    counter.write_text(after)
    assert one.saw(PID, KILLED)


def test_another_signal_is_not_the_memory_killer(tmp_path: Path) -> None:
    counter = tmp_path / "memory.events"
    counter.write_text("oom_kill 0\n")
    one = watch(tmp_path, counters=(counter,))
    counter.write_text("oom_kill 1\n")
    assert not one.saw(PID, -signal.SIGSEGV)
    assert not one.saw(PID, 137)


def test_counters_that_cannot_be_read_tell_nothing(tmp_path: Path) -> None:
    assert not watch(tmp_path, counters=(tmp_path / "absent",)).saw(PID, KILLED)


@pytest.mark.parametrize(
    ("record", "is_seen"),
    [
        (b"3,100,5,-;Out of memory: Killed process 4242 (python) total-vm:9000kB\n", True),
        (b"3,100,5,-;Memory cgroup out of memory: Killed process 4242 (python) total-vm:9000kB\n", True),
        (b"3,100,5,-;Out of memory: Killed process 42421 (python) total-vm:9000kB\n", False),
        (b"6,100,5,-;usb 1-1: new device\n", False),
    ],
)
def test_kernel_log_names_the_process(tmp_path: Path, record: bytes, is_seen: bool) -> None:
    log = tmp_path / "kmsg"
    log.write_bytes(b"3,99,4,-;Out of memory: Killed process 4242 (an earlier one)\n")
    one = watch(tmp_path)
    with log.open("ab") as file:
        file.write(record)
    assert one.saw(PID, KILLED) == is_seen
    one.close()


def test_kernel_log_that_may_not_be_read_tells_nothing(tmp_path: Path) -> None:
    one = watch(tmp_path)
    assert not one.saw(os.getpid(), KILLED)
    one.close()


@pytest.mark.parametrize(
    ("membership", "present", "found"),
    [
        ("0::/user.slice/app\n", "user.slice/app/memory.events", "user.slice/app/memory.events"),
        ("0::/../outside\n", "memory.events", "memory.events"),
        ("4:memory:/job\n0::/\n", "memory/job/memory.oom_control", "memory/job/memory.oom_control"),
        ("4:cpu,memory:/job\n", "memory/memory.oom_control", "memory/memory.oom_control"),
        ("0::/\n", "cgroup.procs", None),
    ],
)
def test_counters_are_those_of_our_control_group(
    tmp_path: Path, membership: str, present: str, found: str | None
) -> None:
    (tmp_path / "cgroup").write_text(membership)
    root = tmp_path / "fs"
    (root / present).parent.mkdir(parents=True)
    (root / present).touch()
    assert memory_counters(tmp_path / "cgroup", root) == ([root / found] if found else [])


def test_machine_without_control_groups_has_no_counters(tmp_path: Path) -> None:
    assert memory_counters(tmp_path / "absent", tmp_path) == []
