"""Watch for what AWS says about this instance: that it takes it back, or that it may soon."""

from __future__ import annotations

import random
import threading

from cloud.imds import Imds, ImdsError
from cloud.machine import log
from cloud.timing import Timing


class NoticeWatch:
    """A thread that asks the metadata service. A service that fails is asked again; training goes on meanwhile."""

    def __init__(self, imds: Imds, timing: Timing) -> None:
        self.interruption_at: float | None = None
        """When AWS takes the instance back, in seconds since 1970; None: it has not said so."""
        self._imds = imds
        self._timing = timing
        self._recommends = self._is_taken = False
        self._is_failing = False
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="notices", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """End."""
        self._ends.set()

    def takes_recommendation(self) -> bool:
        """Whether AWS recommends to leave; True once."""
        is_new = self._recommends and not self._is_taken
        self._is_taken |= is_new
        return is_new

    def _watch(self) -> None:
        waited_s = self._timing.rebalance_poll_s
        while not self._ends.is_set() and self.interruption_at is None:
            try:
                self.interruption_at = self._imds.interruption_at()
                if waited_s >= self._timing.rebalance_poll_s and not self._recommends:
                    waited_s = 0.0
                    self._recommends = self._imds.recommends_rebalance()
                self._is_failing = False
            except ImdsError as err:
                if not self._is_failing:
                    log(f"metadata service: {err}; it is asked again")
                self._is_failing = True
            # Jitter: the processes of a host do not ask all at once.
            wait_s = self._timing.notice_poll_s * random.uniform(0.8, 1.2)
            waited_s += wait_s
            self._ends.wait(wait_s)
