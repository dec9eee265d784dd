"""How an engine process died, in words. Used by engine.supervise.

An exit code tells the signal; whether the kernel sent it for want of memory only the kernel can tell, so "out of
memory" is said only where its log or its counters do.
"""

import contextlib
import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path

KERNEL_LOG = Path("/dev/kmsg")
_KILLED = re.compile(rb"[Oo]ut of memory: Kill(?:ed)? process (\d+)\b")
_RECORD_BYTES = 8192  # the kernel's longest record, CONSOLE_EXT_LOG_MAX


def describe_death(returncode: int, *, is_out_of_memory: bool) -> str:
    """Return the sentence for a child's `returncode`, which is negative for a signal, as subprocess has it."""
    if is_out_of_memory:
        return (
            f"The engine was {signal_words(-returncode)}: the machine or its container is out of memory, the kernel "
            "says. Use fewer num_envs or a smaller buffer_size, or give it more memory."
        )
    if returncode < 0:
        return f"The engine was {signal_words(-returncode)}."
    return f"The engine died with exit code {returncode}; engine.log may say why."


def shell_code(returncode: int) -> int:
    """Return the exit code that a shell reports for a child's `returncode`."""
    return returncode if returncode >= 0 else 128 - returncode


def signal_words(number: int) -> str:
    """Return what the signal did, such as "killed by signal 9 (SIGKILL)"."""
    try:
        return f"killed by signal {number} ({signal.Signals(number).name})"
    except ValueError:  # a real-time signal has no name
        return f"killed by signal {number}"


class OutOfMemoryWatch:
    """Notices when the kernel kills a process for want of memory between its making and the question."""

    def __init__(self, *, counters: Sequence[Path] | None = None, kernel_log: Path = KERNEL_LOG) -> None:
        self._counters = memory_counters() if counters is None else counters
        self._before = self._count()
        self._log = -1
        with contextlib.suppress(OSError):  # often readable by root only
            self._log = os.open(kernel_log, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.lseek(self._log, 0, os.SEEK_END)

    def saw(self, pid: int, returncode: int) -> bool:
        """Whether the kernel killed process `pid`, which ended with `returncode`, for want of memory."""
        return returncode == -signal.SIGKILL and (self._is_in_log(pid) or self._count() > self._before)

    def close(self) -> None:
        """Close the kernel's log."""
        if self._log >= 0:
            os.close(self._log)

    def _count(self) -> int:
        return sum(_read_oom_kills(path) for path in self._counters)

    def _is_in_log(self, pid: int) -> bool:
        while self._log >= 0:
            try:
                record = os.read(self._log, _RECORD_BYTES)
            except BrokenPipeError:  # older records were overwritten; the next read goes on behind the gap
                continue
            except OSError:
                return False
            if not record:
                return False
            if any(int(found) == pid for found in _KILLED.findall(record)):
                return True
        return False


def memory_counters(
    membership: Path = Path("/proc/self/cgroup"), hierarchy: Path = Path("/sys/fs/cgroup")
) -> list[Path]:
    """Return the files in which the kernel counts what it killed in our control group, version 1 or 2."""
    found: list[Path] = []
    try:
        lines = membership.read_text().splitlines()
    except OSError:  # not Linux
        return found
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if "memory" in controllers.split(","):
            folder, name = hierarchy / "memory", "memory.oom_control"
        elif not controllers:
            folder, name = hierarchy, "memory.events"
        else:
            continue
        # A container may see its own group as the root, whatever the path says.
        paths = (folder / group.lstrip("/") / name, folder / name)
        found.extend([path for path in paths if path.is_file()][:1])
    return found


def _read_oom_kills(path: Path) -> int:
    try:
        lines = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return 0
    return next((int(words[1]) for words in lines if words[0] == "oom_kill"), 0)
