"""One engine for one run: an exclusive lock on the run directory.

The kernel's lock decides between two engines and is gone the moment its holder is; what stands in the file tells
viewers who the holder is, so that they can see a death without touching the lock.
"""

import fcntl
import os
import socket
import sys
from pathlib import Path
from types import TracebackType

import msgspec
from msgspec import Struct

from engine.protocol.errors import RunBusyError, StorageError


class Holder(Struct, frozen=True, kw_only=True):
    """The process that holds, or last held, a run."""

    pid: int
    """Process id."""
    process_started: float
    """Start of that process by a clock that nobody sets, in seconds; tells a reused pid from the same process."""
    hostname: str
    """Machine."""
    boot_id: str
    """The machine's boot; a pid means nothing after a reboot."""

    @property
    def is_here(self) -> bool:
        """Whether it ran on this machine."""
        return self.hostname == socket.gethostname()

    @property
    def is_alive(self) -> bool:
        """Whether that very process still runs. False for a process of another machine or another boot."""
        if not self.is_here or self.boot_id != _boot_id():
            return False
        return _start_of(self.pid) == self.process_started


class RunLock:
    """Exclusive lock of a run, as a context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> "RunLock":
        """Take the lock. Raises RunBusyError when another engine has it, StorageError when it cannot be written."""
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            holder = read_holder(self._path)
            run_id = self._path.parent.name
            who = f"process {holder.pid} on {holder.hostname}" if holder else "another process"
            raise RunBusyError(
                f"{self._path.parent}: {who} already trains this run; watch it with `rlrobo watch {run_id}`, "
                f"or stop it first with `rlrobo stop {run_id}`."
            ) from None
        except OSError as err:
            raise StorageError.from_os_error(err, self._path) from err
        self._write_holder()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)

    def _write_holder(self) -> None:
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, msgspec.json.encode(describe_process(os.getpid())), 0)
        except OSError as err:
            os.close(self._descriptor)
            raise StorageError.from_os_error(err, self._path) from err


def describe_process(pid: int) -> Holder:
    """Return the record of a living process of this machine. Raises ProcessLookupError when there is none."""
    started = _start_of(pid)
    if started is None:
        raise ProcessLookupError(f"there is no process {pid}")
    return Holder(pid=pid, process_started=started, hostname=socket.gethostname(), boot_id=_boot_id())


def read_holder(path: Path) -> Holder | None:
    """Return who holds, or held when it died, the lock in `path`; None when it was given back or never taken."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _start_of(pid: int) -> float | None:
    """Return when a process started, in seconds since the boot (macOS: since 1970); None when it is gone or a zombie.

    Not psutil's create_time on Linux: that adds the boot time as the wall clock has it, which moves when it is set.
    """
    if sys.platform != "linux":
        return _start_by_psutil(pid)
    try:
        # The name, in parentheses, may hold anything; behind it stand the state and, 19 fields later, the start.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _start_by_psutil(pid: int) -> float | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:  # macOS has none; its boot time serves
        import psutil

        return str(int(psutil.boot_time()))
