"""The whole terminal for a command that draws by itself, without the app: keys in, lines out.

However it is left, by an error, ctrl-C or a signal that ends the process, the terminal is as it was.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import termios
import tty
from types import FrameType
from typing import Any

ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"
"""The alternate screen without a cursor, empty (xterm control sequences)."""
LEAVE = "\x1b[0m\x1b[?25h\x1b[?1049l"
_ENDING = (signal.SIGTERM, signal.SIGHUP)


class BareScreen:
    """A context in which the terminal behind two file descriptors shows lines and nothing else."""

    def __init__(self, source: int, target: int) -> None:
        self._source, self._target = source, target
        self._attributes: list[Any] = []
        self._handlers: dict[int, Any] = {}
        self._lines: list[str] = []
        self._size = (0, 0)

    def __enter__(self) -> BareScreen:
        """Take the terminal. Call it in the main thread, which signals interrupt."""
        self._attributes = termios.tcgetattr(self._source)
        self._handlers = {number: signal.signal(number, _end) for number in _ENDING}
        # ctrl-Z would leave the shell on this screen.
        self._handlers[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        tty.setcbreak(self._source)
        self._write(ENTER)
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back; what was typed and not read is forgotten."""
        with contextlib.suppress(OSError, termios.error):  # its window is closed
            self._write(LEAVE)
            termios.tcsetattr(self._source, termios.TCSAFLUSH, self._attributes)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines now."""
        return os.get_terminal_size(self._target)

    def keys(self, timeout_s: float) -> str:
        """Return the characters that were typed, after a while at the latest."""
        if not select.select([self._source], [], [], timeout_s)[0]:
            return ""
        return os.read(self._source, 1024).decode(errors="replace")

    def draw(self, lines: list[str]) -> None:
        """Show `lines`, each as wide as the terminal; only those that changed are sent."""
        size = self.size
        if size != self._size:
            self._size, self._lines = size, []
        before = [*self._lines, *[""] * len(lines)]
        self._write(
            "".join(
                f"\x1b[{row};1H{line}"
                for row, (line, old) in enumerate(zip(lines, before, strict=False), 1)
                if line != old
            )
        )
        self._lines = lines

    def _write(self, text: str) -> None:
        data = text.encode()
        while data:
            data = data[os.write(self._target, data) :]


def _end(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
