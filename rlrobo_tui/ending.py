"""How the app heeds signals on a terminal: it leaves as a user does, so that the terminal is as it was. Runs train on.

Textual heeds neither SIGTERM nor SIGHUP; the terminal would stay on the app's screen, without a cursor, and write for
each move of the mouse. After a SIGSTOP that it could not see coming, it would take the terminal for a second time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import termios
from functools import partial
from types import FrameType

from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver

ENDING = (signal.SIGTERM, signal.SIGHUP)
PATIENCE_S = 5
"""Chosen: whole seconds that the app may take to leave; one that hears nothing any more is ended then."""
STDERR = 2
"""Where Textual draws."""
RESTORE = (
    "\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
)
"""What Textual writes when it leaves: of pastes, wrapping, sizes, mouse, keys, screen, cursor, focus."""


class HeedingSignals(App[None]):
    """Mix-in for the app."""

    def get_driver_class(self) -> type[Driver]:
        """Return what draws here; what draws in a browser has its own way with signals."""
        found = super().get_driver_class()
        return TerminalDriver if found is LinuxDriver else found


class TerminalDriver(LinuxDriver):
    """The first signal asks the app to leave; a second one, or patience that is over, ends the process at once."""

    _has_terminal = False
    _exit_code = 0

    def start_application_mode(self) -> None:
        """Take the terminal, and heed signals from now on."""
        super().start_application_mode()
        self._has_terminal = True
        for number in ENDING:
            signal.signal(number, self._leave)

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        super().stop_application_mode()
        self._has_terminal = False

    def _sigcont_application(self, *_: object) -> None:
        """Take the terminal again. Unless ctrl-Z stopped this process, it must be given back before."""
        if self._has_terminal:
            self.suspend_application_mode()
            self._must_signal_resume = True
        if self._must_signal_resume:
            super()._sigcont_application()

    def _leave(self, number: int, _: FrameType | None) -> None:
        for each in (*ENDING, signal.SIGALRM):
            signal.signal(each, self._end_now)
        signal.alarm(PATIENCE_S)
        self._exit_code = 128 + number
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # it runs no more
            raise SystemExit(self._exit_code) from None
        leave = partial(self._app.exit, return_code=self._exit_code)
        loop.call_soon_threadsafe(leave)

    def _end_now(self, *_: object) -> None:
        if self._has_terminal:
            with contextlib.suppress(OSError, termios.error):  # its window may be closed
                os.write(STDERR, RESTORE.encode())
                if self.attrs_before is not None:
                    termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        os._exit(self._exit_code)
