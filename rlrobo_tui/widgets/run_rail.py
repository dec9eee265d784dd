"""The newest runs beside the one in sight: badge, short name and return of each."""

from collections.abc import Sequence
from pathlib import Path

from textual.content import Content
from textual.events import Click
from textual.widgets import Static

from engine.protocol.run_dir import RunDir
from engine.protocol.summary import RunSummary
from rlrobo_tui.badges import BADGES
from rlrobo_tui.quantities import number
from rlrobo_tui.run_list import short_name, shorten
from rlrobo_tui.screens.links import OpenRun

RETURN_COLUMNS = 7


class RunRail(Static):
    """A list to look at; the page's keys and a click move through it."""

    def __init__(self, *, id: str, is_ascii: bool) -> None:
        super().__init__(id=id)
        self._is_ascii = is_ascii
        self._shown: Sequence[RunSummary] = ()

    def on_mount(self) -> None:
        """Say what it is, and which keys move through it."""
        self.border_title = "runs"
        self.border_subtitle = Content("[ newer  ] older")

    def show(self, runs: Sequence[RunSummary], *, current: str) -> None:
        """Draw the part of the list around the run with the id `current`."""
        size, ids = self.content_size, [run.id for run in runs]
        middle = ids.index(current) if current in ids else 0
        first = max(0, min(middle - size.height // 2, len(runs) - size.height))
        self._shown = runs[first : first + size.height]
        rows = [
            row(run, is_current=run.id == current, width=size.width, is_ascii=self._is_ascii) for run in self._shown
        ]
        content = Content("\n").join(rows) if rows else Content.styled("reads the runs …", "$muted")
        if content != self.content:
            self.update(content, layout=False)

    def on_click(self, event: Click) -> None:
        """Watch the run under the pointer."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y < len(self._shown):
            self.post_message(OpenRun(RunDir(Path(self._shown[offset.y].dir))))


def row(run: RunSummary, *, is_current: bool, width: int, is_ascii: bool) -> Content:
    """Return one run as a line of `width` characters."""
    badge = BADGES[run.status]
    glyph = badge.ascii_glyph if is_ascii else badge.glyph
    room = max(0, width - len(glyph) - RETURN_COLUMNS - 3)
    line = Content.assemble(
        ("›" if is_current else " ", "$accent bold"),
        (glyph, f"${badge.color} bold"),
        (f" {shorten(short_name(run), room).ljust(room)}", "bold" if is_current else "$foreground"),
        (f" {number(run.return_mean).rjust(RETURN_COLUMNS)}", "$foreground" if is_current else "$muted"),
    )
    return line.stylize("on $block-cursor-background") if is_current else line
