"""How the app goes on when a part of it fails: it reports, closes all pages and begins again at the list of runs.

Whatever fails here, engines are other processes and train on.
"""

from __future__ import annotations

import time
from pathlib import Path
from traceback import walk_tb

from textual.app import App
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import Screen
from textual.worker import WorkerFailed

from rlrobo_tui.crashes import report_of, write_report
from rlrobo_tui.folders import state_dir
from rlrobo_tui.screens.crash import CrashScreen

AGAIN_S = 1.0
"""A failure that comes so soon after the last one is no accident: the app cannot go on."""


class Surviving(App[None]):
    """Mix-in for the app: catches what Textual would end the app for."""

    def __init__(self) -> None:
        super().__init__()
        self.crashes: list[str] = []
        """The report of each failure."""
        self._was_ready = False
        self._began_again_at: float | None = None
        self._is_beginning_again = False

    def make_home(self) -> Screen[None]:
        """Return a new list of runs."""
        raise NotImplementedError

    def on_ready(self) -> None:
        """From now on there is a list of runs to go back to."""
        self._was_ready = True

    async def _dispatch_message(self, message: Message) -> None:
        """Keep the app's own loop alive, in which the actions of all pages run."""
        try:
            await super()._dispatch_message(message)
        except Exception as err:  # noqa: BLE001 - the process boundary: whatever it is, the app must say so
            self._handle_exception(err)

    def _handle_exception(self, error: Exception) -> None:
        """Take what a page, a widget, a timer or a worker raised; Textual calls this for all of them."""
        if not self._was_ready:
            super()._handle_exception(error)
            return
        if isinstance(error, BrokenPipeError):  # the terminal or the browser went away
            self.exit(return_code=1)
            return
        cause = error.error if isinstance(error, WorkerFailed) else error
        # What breaks because the app or a page is being left, or because a page is broken already, is no news.
        if not self.is_running or self._exit or self._is_beginning_again or self._is_of_no_page(cause):
            return
        where = f"{type(self.screen).__name__}, {self.size.width}x{self.size.height}"
        report = report_of(cause, where=where)
        path = write_report(state_dir() / "crashes", report)
        self.crashes.append(report)
        if self._began_again_at is not None and time.monotonic() - self._began_again_at < AGAIN_S:
            self._give_up(path)
            return
        self._is_beginning_again = True
        self.call_next(self._begin_again, report, path)

    def _is_of_no_page(self, error: BaseException) -> bool:
        """Whether it comes from a page that is closed already, or that is not there yet.

        One who types ahead closes a dialog before it is drawn, and presses keys of a page before it has its widgets.
        """
        if isinstance(error, NoMatches) and not self.screen.is_mounted:
            return True
        frames = [frame for frame, _ in walk_tb(error.__traceback__)]
        owners = [frame.f_locals.get("self") for frame in reversed(frames)]
        node = next((each for each in owners if isinstance(each, DOMNode) and not isinstance(each, App)), None)
        return node is not None and not any(each in self.screen_stack for each in node.ancestors_with_self)

    def _begin_again(self, report: str, path: Path | None) -> None:
        """Close every page, also the list: whoever raised an exception hears no messages any more."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.push_screen(self.make_home())
        self.push_screen(CrashScreen(report, path))
        self._is_beginning_again = False
        self._began_again_at = time.monotonic()

    def _give_up(self, path: Path | None) -> None:
        place = f"The report is {path}." if path else "No report could be written."
        self.exit(return_code=1, message=f"rlrobo: the app failed twice within a second and ends; runs go on. {place}")
