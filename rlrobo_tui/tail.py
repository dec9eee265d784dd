"""Follow one run: read its new events, fold them into a RunView and notice when its engine dies or hangs."""

import time
from collections.abc import Callable

from engine.protocol.json_lines import CHUNK_BYTES, event_reader
from engine.protocol.liveness import look
from engine.protocol.run_dir import RunDir
from rlrobo_tui.run_view import RunView

NEWS_BYTES, REST_S, NUM_RESTS = 64 << 10, 0.001, 20
"""Chosen: of a fast engine's news so much is read at a time, about a hundred events, and then a key is drawn if one was
pressed: threads take turns at the interpreter. News of more than so many parts are read in a hurry."""


class RunTail:
    """The view of one run, brought up to date by `poll`. Not thread-safe: one thread polls, others read copies."""

    def __init__(self, run: RunDir, *, clock: Callable[[], float] = time.time) -> None:
        self.run = run
        self.view = RunView(run_id=run.id)
        self.num_events = 0
        """How many events were read."""
        self._reader = event_reader(run.events)
        self._clock = clock
        self._num_restarts = 0
        self._was_alive = self._is_elsewhere = False

    @property
    def num_corrupt(self) -> int:
        """Lines of the event file that could not be read."""
        return self._reader.num_corrupt

    def poll(self) -> bool:
        """Read what is new; return whether the view changed. Never blocks on the engine."""
        # The order matters: an engine that is dead before the read has written all it ever will.
        engine = look(self.run, now=self._clock())
        was_over, previous_alarm, num_before = self.view.status.is_over, self.view.alarm, self.num_events
        previous_detail = self.view.status_detail
        for number, events in enumerate(self._reader.read_blocks(), start=1):
            if self._reader.num_restarts != self._num_restarts:
                self._num_restarts, self.view = self._reader.num_restarts, RunView(run_id=self.run.id)
            self.view.fold(events)
            self.num_events += len(events)
            if self._reader.chunk_bytes == NEWS_BYTES:
                time.sleep(REST_S)
            if number == NUM_RESTS:
                self._reader.chunk_bytes = CHUNK_BYTES
        self._reader.chunk_bytes = NEWS_BYTES  # the history was read in a hurry, too
        self._is_elsewhere = engine.remote is not None
        if engine.remote is not None and not engine.remote.is_training:
            self.view.mark_moving(engine.remote.sentence)
        if engine.is_alive:
            self.view.set_alarm(
                engine.alarm(self.view.status, quiet_since=self.view.updated_at or 0.0), time=engine.now
            )
        elif self._was_alive or self.view.started_at is not None:
            self.view.mark_dead()
        self._was_alive = engine.is_alive
        has_ended_or_begun = self.view.status.is_over != was_over
        has_news = self.num_events != num_before or has_ended_or_begun
        return has_news or (self.view.alarm, self.view.status_detail) != (previous_alarm, previous_detail)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come; of a run in the cloud, when its last files are here."""
        return self.view.status.is_over and not self._is_elsewhere
