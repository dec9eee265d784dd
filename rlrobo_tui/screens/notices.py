"""What was notified since the app started, on a page of its own."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from rlrobo_tui.noticing import Notice
from rlrobo_tui.quantities import clock
from rlrobo_tui.screens.scrolled import HINT, Scrolled

_SIGNS = {"information": (" ", ""), "warning": ("!", "$warning"), "error": ("x", "$error")}


class NoticesScreen(Scrolled):
    """A picture of the moment in which it was opened, the latest first."""

    def __init__(self, notices: Sequence[Notice]) -> None:
        super().__init__()
        self._notices = tuple(notices)

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        with VerticalScroll(id="page") as page:
            page.border_title = "Notifications"
            page.border_subtitle = HINT
            yield Static(Content("\n").join(map(_line, reversed(self._notices))) if self._notices else "None so far.")


def _line(notice: Notice) -> Content:
    sign, style = _SIGNS[notice.severity]
    return Content.assemble((f"{sign} ", style), (clock(notice.time), "$muted"), "  ", (notice.text, style))
