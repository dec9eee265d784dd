"""Everything that happened in a run, and what its engine printed, on a page of its own."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.protocol.run_dir import RunDir
from rlrobo_tui.actions.registry import bindings_of
from rlrobo_tui.run_view import RunView
from rlrobo_tui.widgets.event_log import log_lines

OUTPUT_BYTES = 16_384
"""Of the engine's output, the end: that is where a cause stands."""


class LogScreen(ModalScreen[None]):
    """A picture of the moment in which it was opened."""

    BINDINGS = bindings_of("overlay")

    def __init__(self, run: RunDir, view: RunView, *, num_corrupt: int) -> None:
        super().__init__()
        self._run, self._view, self._num_corrupt = run, view, num_corrupt

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        with VerticalScroll(id="page") as page:
            page.border_title = self._run.id
            page.border_subtitle = "esc close"
            yield Static(log_lines(list(self._view.log)))
            if self._num_corrupt:
                yield Static(Content.styled(f"{self._num_corrupt} unreadable lines were skipped", "$warning"))
            yield Static(Content.styled(f"\n{self._run.engine_log}", "$accent bold"))
            yield Static(Content(self._engine_output()))

    def on_mount(self) -> None:
        """Show the end first."""
        self.query_one("#page", VerticalScroll).scroll_end(animate=False)

    def action_close(self) -> None:
        """Close the page."""
        self.dismiss()

    def _engine_output(self) -> str:
        try:
            with self._run.engine_log.open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - OUTPUT_BYTES))
                text = file.read().decode(errors="replace").strip()
        except OSError as err:
            return f"(cannot be read: {err.strerror})"
        return text or "(empty)"
