"""A thread follows the run's files for the live page and hands over snapshots; no other part of it reads or waits."""

from __future__ import annotations

import threading
import time

from textual import work
from textual.message import Message
from textual.worker import Worker, WorkerState

from engine.protocol.run_dir import RunDir
from engine.protocol.status import Status
from rlrobo_tui.engine_output import cause_line, read_output
from rlrobo_tui.link import Link
from rlrobo_tui.run_view import RunView
from rlrobo_tui.screens.live_run import RunKeys
from rlrobo_tui.tail import RunTail

POLL_S = 0.25


class RunFollowing(RunKeys):
    """Mix-in for the live page."""

    class Changed(Message):
        """There is news of the run, or of how it can be read; not `is_new`: it was known before the page opened."""

        def __init__(self, view: RunView, num_corrupt: int, link: Link, *, output_cause: str, is_new: bool) -> None:
            super().__init__()
            self.view = view
            self.num_corrupt = num_corrupt
            self.link = link
            self.output_cause = output_cause
            self.is_new = is_new

    def __init__(self, run: RunDir) -> None:
        super().__init__(run)
        self.left = threading.Event()
        """Set when the page is left; threads end then."""

    @work(thread=True, exclusive=True, group="follow", exit_on_error=False)
    def follow(self) -> None:
        """Tell of every change until the page is left."""
        with self.rlrobo.tails.borrow(self.run_dir) as tail:
            if tail.num_events:  # what was read for the page before is drawn at once
                self._tell(tail, Link(time.time()), is_new=False)
            self._follow(tail)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say when the run cannot be followed any more; the app stays."""
        if event.state is WorkerState.ERROR and event.worker.group == "follow":
            self.notify(f"{self.run_dir.events}: {event.worker.error}. Open the run again.", severity="error")

    def _follow(self, tail: RunTail) -> None:
        link, output_cause, is_first = Link(), "", True
        while not self.left.is_set():
            try:
                is_changed, trouble = tail.poll(), ""
            except OSError as err:
                is_changed, trouble = False, err.strerror or str(err)
            is_changed |= is_first or trouble != link.trouble
            link = Link(link.read_at if trouble else time.time(), trouble)
            if not output_cause and (self.early_death or tail.view.status is Status.FAILED):
                output_cause = cause_line(read_output(self.run_dir))
                is_changed |= bool(output_cause)
            if is_changed:
                self._tell(tail, link, output_cause)
                is_first = False
            self.left.wait(POLL_S)

    def _tell(self, tail: RunTail, link: Link, output_cause: str = "", *, is_new: bool = True) -> None:
        view = tail.view.snapshot()
        self.post_message(self.Changed(view, tail.num_corrupt, link, output_cause=output_cause, is_new=is_new))
