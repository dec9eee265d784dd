"""How the app keeps what it told the user, so that a notification that was missed can be read later."""

import time
from collections import deque
from typing import NamedTuple

from textual.app import App
from textual.notifications import SeverityLevel

NUM_KEPT = 200


class Notice(NamedTuple):
    """A notification."""

    time: float
    """Seconds since 1970 (UTC)."""
    severity: SeverityLevel
    text: str


class Noticing(App[None]):
    """Mix-in for the app."""

    def __init__(self) -> None:
        super().__init__()
        self.noticed: deque[Notice] = deque(maxlen=NUM_KEPT)
        """What was notified since the app started, the latest last."""

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a notification and keep it."""
        self.noticed.append(Notice(time.time(), severity, f"{title}: {message}" if title else message))
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)
