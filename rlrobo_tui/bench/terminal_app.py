"""The real app in a terminal of its own: keys go in, what it draws comes out, and what it costs is counted."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import psutil

from engine.protocol.errors import RlroboError
from rlrobo_tui.bench.screen import Screen

KEYS = {"escape": "\x1b", "enter": "\r", "tab": "\t", "up": "\x1b[A", "down": "\x1b[B", "ctrl+p": "\x10"}
"""What a terminal sends for keys that have a name; others are their character."""
PATIENCE_S = 30.0
LEAVE_S, HURRY_S = 10.0, 1.0
"""How long the app may take to leave before it is killed: as a rule, and where measuring was broken off."""
ENDING_S = 0.5
"""Between closing its terminal and its end."""
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "TMPDIR", "OMP_NUM_THREADS")


class NeverSeenError(RlroboError):
    """Something that the app should have drawn did not come."""

    exit_code = 1


class TerminalApp:
    """`rlrobo ARGUMENTS` on a terminal of some size, as a context manager; it ends with the block."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        size: tuple[int, int],
        home: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`home` is a folder of its own for runs, settings and what the app remembers."""
        self.screen = Screen(*size)
        self.num_bytes = 0
        """How much it has written."""
        self._arguments = arguments
        self._environment = {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "RLROBO_RUNS_DIR": str(home / "runs"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_STATE_HOME": str(home / "state"),
            **(environment or {}),
        }
        self._descriptor = -1

    def __enter__(self) -> TerminalApp:
        self._descriptor, terminal = pty.openpty()
        self.resize(self.screen.width, self.screen.height)
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from rlrobo_tui.cli import main; main()", *self._arguments],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=self._environment,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509, there are no threads
        )
        os.close(terminal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._leave(LEAVE_S if kind is None else HURRY_S)
        finally:
            with contextlib.suppress(ProcessLookupError):  # children of the app, whatever became of it
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            os.close(self._descriptor)

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size, before the app has started."""
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def press(self, *keys: str) -> float:
        """Press keys one right after the other; return when."""
        at = time.monotonic()
        os.write(self._descriptor, "".join(KEYS.get(key, key) for key in keys).encode())
        return at

    def pump(self, seconds: float) -> None:
        """Read what it draws for some time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self._read(left) is not None:
            pass

    def wait_until(self, is_so: Callable[[str], object], *, patience_s: float = PATIENCE_S) -> float:
        """Read until the text on the screen is so; return when its last piece arrived. Raises NeverSeenError."""
        end = time.monotonic() + patience_s
        at: float | None = time.monotonic()
        while not is_so(self.screen.text):
            left = end - time.monotonic()
            at = self._read(left) if left > 0 else None
            if at is None:
                raise NeverSeenError(f"{self._trouble()} The screen shows:\n{self.screen.text}")
        return at or time.monotonic()

    def wait_for(self, words: str, *, patience_s: float = PATIENCE_S) -> float:
        """Read until these words are on the screen; return when they arrived. Raises NeverSeenError."""
        return self.wait_until(lambda text: words in text, patience_s=patience_s)

    def cpu_seconds(self) -> float:
        """Processor time that it has taken, its children not counted."""
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def memory_bytes(self) -> int:
        """Memory that it holds."""
        return psutil.Process(self.process.pid).memory_info().rss

    def _leave(self, patience_s: float) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        end = time.monotonic() + patience_s
        while self.process.poll() is None and time.monotonic() < end:
            self.pump(0.05)  # it writes while it leaves, and waits where nobody reads

    def _trouble(self) -> str:
        """Return why what was waited for may not have come."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return f"The app ended with exit code {self.process.wait(timeout=ENDING_S)}."
        if psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED:
            return "The app was stopped by a signal (SIGSTOP), so nothing can be measured."
        return "The app did not draw what was waited for, though it runs."

    def _read(self, patience_s: float) -> float | None:
        """Take the next piece; return when it came, None where none came or the app has ended."""
        if not select.select([self._descriptor], [], [], patience_s)[0]:
            return None
        at = time.monotonic()
        try:
            written = os.read(self._descriptor, 1 << 16)
        except OSError:  # the app closed its side
            return None
        self.num_bytes += len(written)
        self.screen.feed(written)
        return at if written else None


def _take_terminal() -> None:
    """Make stdin the terminal of the new process: the kernel ends it when the terminal goes, however that comes."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
