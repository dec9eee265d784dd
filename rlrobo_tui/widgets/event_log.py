"""The last things that happened, one sentence a line."""

from textual.content import Content
from textual.widgets import Static

from rlrobo_tui.quantities import clock, count
from rlrobo_tui.run_view import LogLine, RunView

_SIGNS = {
    "warning": ("!", "!", "$warning"),
    "run_ended": ("■", "#", "bold"),
    "evaluation": ("◆", "o", "$accent"),
    "checkpoint_saved": ("✓", "v", "$success"),
}
"""Sign, the same in ASCII as charts have it, and style of a line by the type of its event; the words say the same."""


def log_lines(lines: list[LogLine], *, is_ascii: bool) -> Content:
    """Return sign, time, step and sentence of each line."""
    return Content("\n").join(_line(line, is_ascii=is_ascii) for line in lines)


def _line(line: LogLine, *, is_ascii: bool) -> Content:
    glyph, ascii_glyph, style = _SIGNS.get(line.kind, (" ", " ", "$foreground"))
    sign = ascii_glyph if is_ascii else glyph
    return Content.assemble(
        (f"{sign} ", style),
        (clock(line.time), "$muted"),
        (count(line.step).rjust(7), "$muted"),
        "  ",
        (line.text, style),
    )


class EventLog(Static, can_focus=True):
    """As many of the last lines as there is room for."""

    def __init__(self, *, id: str, is_ascii: bool, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self._is_ascii = is_ascii
        self._shown: tuple[RunView, int] | None = None

    def on_resize(self) -> None:
        """Show as many lines as there is room for now."""
        if self._shown is not None:
            view, num_corrupt = self._shown
            self.show(view, num_corrupt=num_corrupt)

    def show(self, view: RunView, *, num_corrupt: int) -> None:
        """Draw the end of the view's log."""
        self._shown = view, num_corrupt
        skipped = f"· {num_corrupt} unreadable lines skipped " if num_corrupt else ""
        if self.border_title != (title := f" events {skipped}"):
            self.border_title = title  # setting it draws all of it again
        height = max(1, self.content_size.height)
        text = log_lines(list(view.log)[-height:], is_ascii=self._is_ascii)
        if text != self.content:
            self.update(text, layout=False)
