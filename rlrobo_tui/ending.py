"""How signals end the app: it leaves as a user does, so that the terminal is as it was. Runs train on.

Textual heeds none of them; the terminal would stay on the app's screen, without a cursor, and write for each move of
the mouse. `run_app` calls this.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from textual.app import App

SIGNALS = (signal.SIGTERM, signal.SIGHUP)
PATIENCE_S = 5
"""Chosen: whole seconds that the app may take to leave; one that hears nothing any more is ended then."""
RESTORE = (
    "\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
)
"""What Textual writes when it leaves: of pastes, wrapping, sizes, mouse, keys, screen, cursor, focus."""


@contextmanager
def ended_by_signals(app: App[None]) -> Iterator[None]:
    """Let the first signal ask `app` to leave; a second one, or patience that is over, ends the process at once.

    Call it in the main thread, before the app has the terminal.
    """
    end_now = _ending_at_once()

    def leave(number: int, _: FrameType | None) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # it does not run yet, or no more
            raise SystemExit(128 + number) from None
        for each in (*SIGNALS, signal.SIGALRM):
            signal.signal(each, end_now)
        signal.alarm(PATIENCE_S)
        loop.call_soon_threadsafe(lambda: app.exit(return_code=128 + number))

    before = {number: signal.signal(number, leave) for number in SIGNALS}
    try:
        yield
    finally:
        signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _ending_at_once() -> Callable[[int, FrameType | None], Any]:
    """Return a handler that gives the terminal back as it is now and ends the process."""
    source, target = 0, 2  # as Textual takes them
    attributes: list[Any] | None = None
    with contextlib.suppress(termios.error):
        attributes = termios.tcgetattr(source)

    def end_now(number: int, _: FrameType | None) -> None:
        with contextlib.suppress(OSError, termios.error):  # its window may be closed
            os.write(target, RESTORE.encode())
            if attributes is not None:
                termios.tcsetattr(source, termios.TCSANOW, attributes)
        os._exit(128 + number)

    return end_now
