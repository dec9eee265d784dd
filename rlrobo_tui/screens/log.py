"""Everything that happened in a run, and what its engine printed, on a page of its own."""

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.protocol.run_dir import RunDir
from rlrobo_tui.actions.registry import bindings_of
from rlrobo_tui.engine_output import cause_index, read_output
from rlrobo_tui.run_view import RunView
from rlrobo_tui.widgets.event_log import log_lines


class LogScreen(ModalScreen[None]):
    """A picture of the moment in which it was opened."""

    BINDINGS: list[BindingType] = [  # noqa: RUF012
        *bindings_of("overlay"),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, run: RunDir, view: RunView, *, num_corrupt: int) -> None:
        super().__init__()
        self._run, self._view, self._num_corrupt = run, view, num_corrupt

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        with VerticalScroll(id="page") as page:
            page.border_title = self._run.id
            page.border_subtitle = "j k scroll · esc close"
            yield Static(log_lines(list(self._view.log)))
            if self._num_corrupt:
                yield Static(Content.styled(f"{self._num_corrupt} unreadable lines were skipped", "$warning"))
            yield Static(Content.styled(f"\n{self._run.engine_log}", "$accent bold"))
            yield Static(id="output")

    def on_mount(self) -> None:
        """Read the engine's output."""
        self._read()

    @work(thread=True, exit_on_error=False)
    def _read(self) -> None:
        output = read_output(self._run)
        self.app.call_from_thread(self._show, output)

    def _show(self, output: str) -> None:
        """Show the end first: that is where a cause stands."""
        if not self.is_attached:
            return
        self.query_one("#output", Static).update(marked(output or "(empty)"))
        self.query_one("#page", VerticalScroll).scroll_end(animate=False)

    def action_close(self) -> None:
        """Close the page."""
        self.dismiss()

    def action_scroll(self, direction: int) -> None:
        """Move as vi does."""
        self.query_one("#page", VerticalScroll).scroll_relative(y=direction, animate=False)


def marked(output: str) -> Content:
    """Return an engine's output with a sign before the line that most likely tells why it died."""
    lines = output.splitlines()
    cause = cause_index(lines)
    return Content("\n").join(
        Content.styled(f"> {line}", "$error bold") if index == cause else Content(line)
        for index, line in enumerate(lines)
    )
