"""What the app tells the user: few notifications at a time, each kept to be read later, and the bell."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from textual.app import App
from textual.notifications import SeverityLevel

from engine.protocol.status import Status
from engine.protocol.summary import RunSummary
from rlrobo_tui.preferences import Preferences
from rlrobo_tui.screens.links import GoOn
from rlrobo_tui.terminal import CONSOLES, is_in_browser

NUM_KEPT = 200
NUM_SHOWN = 3
STAYS_S = 24 * 3600.0
"""An error stays until somebody has seen it: a click or the page of notifications takes it away."""
AGAIN_S = 5.0
"""The same sentence is not told again so soon: it is still on the screen."""
RING_AGAIN_S = 10.0
"""A run's end is seen by its own page and by the list, one shortly after the other."""


class Notice(NamedTuple):
    """A notification."""

    time: float
    """Seconds since 1970 (UTC)."""
    severity: SeverityLevel
    text: str


class Noticing(App[None]):
    """Mix-in for the app."""

    preferences: Preferences

    def __init__(self) -> None:
        super().__init__()
        self.noticed: deque[Notice] = deque(maxlen=NUM_KEPT)
        """What was notified since the app started, the latest last."""
        self._statuses: dict[str, Status] | None = None
        """State of each run when the list was read last; None before it was read."""
        self._rang_at: dict[str, float] = {}

    @property
    def run_in_sight(self) -> str:
        """Id of the run whose own page says what happens to it."""
        return ""

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a notification and keep it, unless it was just told; the oldest makes room, errors last."""
        text, now = f"{title}: {message}" if title else message, time.time()
        if any(each.text == text and now - each.time < AGAIN_S for each in self.noticed):
            return
        self.noticed.append(Notice(now, severity, text))
        shown = sorted(self._notifications, key=lambda each: (each.severity == "error", each.raised_at))
        for notification in shown[: max(0, len(shown) + 1 - NUM_SHOWN)]:
            self._unnotify(notification, refresh=False)
        stays = STAYS_S if severity == "error" else timeout
        super().notify(message, title=title, severity=severity, timeout=stays, markup=markup)

    def tell_of_ends(self, summaries: Sequence[RunSummary]) -> None:
        """Tell which runs ended since the list was read last, but for the one in sight; ring for all of them."""
        before, self._statuses = self._statuses, {run.id: run.status for run in summaries}
        if before is None:
            return
        for run in summaries:
            if run.status.is_over and not before.get(run.id, run.status).is_over:
                self._tell_of_end(run)

    def on_go_on(self, message: GoOn) -> None:
        """Take away what stands there of a run's end: whoever has it go on has read it, and it is not true any more."""
        for notification in list(self._notifications):
            if notification.message.startswith(f"{message.run.id} "):
                self._unnotify(notification)

    def ring(self, run_id: str, text: str) -> None:
        """Ring the terminal's bell and hand `text` to the desktop, where that is preferred, once for an end."""
        now = time.monotonic()
        if not self.preferences.bell or now - self._rang_at.get(run_id, -RING_AGAIN_S) < RING_AGAIN_S:
            return
        self._rang_at[run_id] = now
        self.bell()
        if self._driver is not None and not is_in_browser() and os.environ.get("TERM") not in CONSOLES:
            self._driver.write(f"\x1b]9;{''.join(char for char in text if char.isprintable())}\x07")

    def _tell_of_end(self, run: RunSummary) -> None:
        text = f"{run.id} {run.status.value}."
        if run.id != self.run_in_sight:
            severity: SeverityLevel = "error" if run.status is Status.FAILED else "information"
            self.notify(f"{text} {run.message}".strip(), severity=severity, markup=False)
        self.ring(run.id, text)
