"""Each status as glyph, word and colour, so that none of the three carries the meaning alone."""

from dataclasses import dataclass

from engine.protocol.status import Status


@dataclass(frozen=True)
class Badge:
    """How a status looks."""

    glyph: str
    ascii_glyph: str
    word: str
    color: str
    """Variable of the theme."""

    def text(self, *, is_ascii: bool) -> str:
        """Return glyph and word: `● RUN`, or `[*] RUN`."""
        return f"{self.ascii_glyph if is_ascii else self.glyph} {self.word}"


BADGES: dict[Status, Badge] = {
    Status.STARTING: Badge("○", "[.]", "START", "secondary"),
    Status.RUNNING: Badge("●", "[*]", "RUN", "success"),
    Status.PAUSED: Badge("‖", "[=]", "PAUSE", "warning"),
    Status.STOPPING: Badge("◌", "[~]", "ENDING", "warning"),
    Status.FINISHED: Badge("✓", "[v]", "DONE", "primary"),
    Status.STOPPED: Badge("■", "[#]", "STOPPED", "secondary"),
    Status.FAILED: Badge("✗", "[x]", "FAILED", "error"),
}
WIDTH = 11
"""Columns that every badge fits in."""


def styled(status: Status, *, is_ascii: bool) -> str:
    """Return the badge as Textual markup."""
    badge = BADGES[status]
    # A bracket opens markup in Textual; the ASCII glyphs have one.
    text = badge.text(is_ascii=is_ascii).replace("[", "\\[")
    return f"[${badge.color} bold]{text}[/]"
