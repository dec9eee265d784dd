"""Tells that a part of the app failed, with a report that can be handed on."""

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from rlrobo_tui.actions.registry import bindings_of


class CrashScreen(ModalScreen[None]):
    """Lies over the list of runs, from which everything can be opened again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("overlay"),
        Binding("c", "copy", "Copy"),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, report: str, path: Path | None) -> None:
        super().__init__()
        self._report, self._path = report, path

    def compose(self) -> ComposeResult:
        """Lay out the page: what happened, what that means, what to do; then the report."""
        cause = self._report.rstrip().rpartition("\n")[2]
        where = f"The report is {self._path}." if self._path else "The report could not be written."
        with VerticalScroll(id="page") as page:
            page.border_title = "A part of the app failed"
            page.border_subtitle = "c copy the report · j k scroll · esc close"
            yield Static(Content.styled(cause, "$error bold"))
            yield Static("Runs go on training: their engines are other processes. Open the page again to go on.")
            yield Static(Content.assemble((where, "$muted"), "\n"))
            yield Static(Content.styled(self._report, "$muted"))

    def action_copy(self) -> None:
        """Copy the report."""
        self.app.copy_to_clipboard(self._report)
        self.notify("The report is copied.")

    def action_close(self) -> None:
        """Close the page."""
        self.dismiss()

    def action_scroll(self, direction: int) -> None:
        """Move as vi does."""
        self.query_one("#page", VerticalScroll).scroll_relative(y=direction, animate=False)
