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
PATIENCE_S = 0.5
"""Chosen: a page that was left gives its tail back when it has read what is new; reading all again takes longer."""


class KeptTails:
    """Lends each tail to one thread at a time. Safe among threads."""

    def __init__(self) -> None:
        self._tails: dict[Path, RunTail] = {}
        """Those that nobody has now, the one that came back last at the end."""
        self._lent: set[Path] = set()
        self._change = threading.Condition()

    def has(self, run: RunDir) -> bool:
        """Whether something of a run is kept that nobody has now."""
        with self._change:
            return run.path in self._tails

    @contextmanager
    def borrow(self, run: RunDir) -> Iterator[RunTail]:
        """Lend the tail of a run: the one that is kept, else a new one. Where the borrower fails it is not kept."""
        with self._change:
            self._change.wait_for(lambda: run.path not in self._lent, PATIENCE_S)
            tail = self._tails.pop(run.path, None)
            self._lent.add(run.path)
        try:
            tail = tail or RunTail(run)
            yield tail
        except BaseException:
            tail = None
            raise
        finally:
            with self._change:
                self._give_back(run, tail)

    def _give_back(self, run: RunDir, tail: RunTail | None) -> None:
        self._lent.discard(run.path)
        self._tails.pop(run.path, None)  # of a thread that lost its patience and read the same run meanwhile
        if tail is not None:
            self._tails[run.path] = tail
        self._forget_the_oldest()
        self._change.notify_all()

    def _forget_the_oldest(self) -> None:
        num_points = 0
        for number, path in enumerate(reversed(list(self._tails))):
            num_points += sum(len(series) for series in self._tails[path].view.series.values())
            if number and (number >= MAX_RUNS or num_points > MAX_POINTS):
                del self._tails[path]
