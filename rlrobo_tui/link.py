"""How a viewer stands with a run's files, which is another thing than how its engine does."""

from dataclasses import dataclass

from engine.protocol.status import Status
from rlrobo_tui.quantities import age, clock
from rlrobo_tui.run_view import RunView

QUIET_S = 20.0
"""chosen: an engine speaks every half second; updates and evaluations of small networks take less than this."""


@dataclass(frozen=True)
class Link:
    """What came of the last attempts to read a run."""

    read_at: float = 0.0
    """Seconds since 1970 (UTC) of the last reading that went well."""
    trouble: str = ""
    """Why the last one failed; empty where it went well."""

    def words(self, view: RunView, now: float) -> str:
        """Say in a few words whether what is shown is what is so, and how old it is."""
        if self.trouble:
            return f"LINK LOST as of {clock(self.read_at)}" if self.read_at else "LINK LOST"
        if view.updated_at is None:
            return "LINK OK"
        old = age(now - view.updated_at)
        if view.status.is_over:
            return f"{old} ago"
        if view.status is Status.RUNNING and now - view.updated_at > QUIET_S:
            return f"LINK OK, no news {old}"
        return f"LINK OK {old}"
