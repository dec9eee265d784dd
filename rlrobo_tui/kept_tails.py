"""What was read of the runs that were looked at last, so that coming back to one does not read its history again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.protocol.run_dir import RunDir
from rlrobo_tui.tail import RunTail

MAX_RUNS, MAX_POINTS = 8, 2_000_000
"""Chosen: as many as are compared at once; 48 MB. The run that was looked at last is kept, however long it is."""


class KeptTails:
    """Lends each tail to one thread at a time. Safe among threads."""

    def __init__(self) -> None:
        self._tails: dict[Path, RunTail] = {}
        """Those that nobody has now, the one that came back last at the end."""
        self._lock = threading.Lock()

    def has(self, run: RunDir) -> bool:
        """Whether something of a run is kept that nobody has now."""
        with self._lock:
            return run.path in self._tails

    @contextmanager
    def borrow(self, run: RunDir) -> Iterator[RunTail]:
        """Lend the tail of a run: the one that is kept, else a new one. Where the borrower fails it is not kept."""
        with self._lock:
            tail = self._tails.pop(run.path, None)
        tail = tail or RunTail(run)
        yield tail
        with self._lock:
            self._tails.pop(run.path, None)  # of a thread that borrowed the same run meanwhile
            self._tails[run.path] = tail
            self._forget_the_oldest()

    def _forget_the_oldest(self) -> None:
        num_points = 0
        for number, path in enumerate(reversed(list(self._tails))):
            num_points += sum(len(series) for series in self._tails[path].view.series.values())
            if number and (number >= MAX_RUNS or num_points > MAX_POINTS):
                del self._tails[path]
