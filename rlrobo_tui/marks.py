"""What the marks in charts, tables and logs mean, for the help page. Each has an ASCII twin of its own."""

from typing import NamedTuple


class Mark(NamedTuple):
    """A sign that is explained."""

    glyph: str
    ascii_glyph: str
    meaning: str


MARKS = (
    Mark("◆", "o", "an evaluation: episodes without exploration"),
    Mark("★", "@", "the best evaluation; its checkpoint is kept"),
    Mark("┈", "-", "the return at which the task counts as solved"),
    Mark("╎", "|", "the engine was started again here; the average begins anew"),
    Mark("┊", "|", "the run ended here"),
    Mark("▲ ▼", "^ v", "the last value is above, below the middle of the recent ones"),
    Mark("!", "!", "a warning: read it in the event log (e)"),
)
