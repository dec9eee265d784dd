"""Where a run's time goes: every second of the learner's process belongs to one phase."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIMULATE = "simulate"
ACT = "act"
WAIT = "wait"
LEARN = "learn"
NORMALIZE = "normalize"
EVALUATE = "evaluate"
CHECKPOINT = "checkpoint"
OTHER = "other"
PHASES: tuple[str, ...] = (SIMULATE, ACT, WAIT, LEARN, NORMALIZE, EVALUATE, CHECKPOINT, OTHER)
"""Simulating robots; computing actions; waiting for sampling processes; updating networks; running statistics;
evaluating and saving as far as training stands still for it; and everything else."""


class Phases:
    """A stop watch that is always in one phase. Used by the learner's thread only."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._seconds = dict.fromkeys(PHASES, 0.0)
        self._current = OTHER
        self._since = clock()

    def begin(self, name: str) -> None:
        """Count the time from now on for a phase."""
        self._switch(name)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Count the time inside for a phase; a phase within another is not counted for the outer one."""
        before = self._switch(name)
        try:
            yield
        finally:
            self._switch(before)

    def move(self, seconds: float, *, source: str, target: str) -> None:
        """Count for `target` what was counted for `source`: other processes know what the learner waited for."""
        self._seconds[source] -= seconds
        self._seconds[target] += seconds

    def take(self) -> dict[str, float]:
        """Return the seconds in each phase since the last call."""
        self._switch(self._current)
        taken, self._seconds = self._seconds, dict.fromkeys(PHASES, 0.0)
        return taken

    def _switch(self, name: str) -> str:
        now, before = self._clock(), self._current
        self._seconds[before] += now - self._since
        self._current, self._since = name, now
        return before
