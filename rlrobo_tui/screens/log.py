"""Everything that happened in a run, and what its engine printed, on a page of its own that goes on with the run."""

from collections.abc import Callable

from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from engine.protocol.run_dir import RunDir
from rlrobo_tui.engine_output import cause_index, read_output
from rlrobo_tui.run_view import RunView
from rlrobo_tui.screens.scrolled import HINT, Scrolled
from rlrobo_tui.widgets.event_log import log_lines

REREAD_S = 1.0


class LogScreen(Scrolled):
    """Begins at the end, and stays there until somebody scrolls."""

    def __init__(self, run: RunDir, seen: Callable[[], tuple[RunView, int]]) -> None:
        """`seen` tells what is known of the run now, and how many lines of its events could not be read."""
        super().__init__()
        self._run, self._seen = run, seen

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        with VerticalScroll(id="page") as page:
            page.border_title = self._run.id
            page.border_subtitle = HINT
            yield Static(id="lines")
            yield Static(Content.styled(f"\n{self._run.engine_log}", "$accent bold"))
            yield Static(id="output")

    def on_mount(self) -> None:
        """Read now, and again and again."""
        self._show("")
        self.set_interval(REREAD_S, self._read)
        self._read()

    @work(thread=True, exclusive=True, exit_on_error=False)
    def _read(self) -> None:
        output = read_output(self._run)
        self.app.call_from_thread(self._show, output)

    def _show(self, output: str) -> None:
        """Show the end first: that is where a cause stands."""
        if not self.is_attached:
            return
        is_at_end = self.scroller.scroll_y >= self.scroller.max_scroll_y
        changed = [self._put("#lines", self._lines()), self._put("#output", marked(output or "(empty)"))]
        if any(changed) and is_at_end:
            self.scroller.scroll_end(animate=False)

    def _lines(self) -> Content:
        view, num_corrupt = self._seen()
        lines = log_lines(list(view.log), is_ascii=getattr(self.app, "is_ascii", False))
        if not num_corrupt:
            return lines
        return Content("\n").join([lines, Content.styled(f"{num_corrupt} unreadable lines were skipped", "$warning")])

    def _put(self, selector: str, content: Content) -> bool:
        box = self.query_one(selector, Static)
        if box.content == content:
            return False
        box.update(content)
        return True


def marked(output: str) -> Content:
    """Return an engine's output with a sign before the line that most likely tells why it died."""
    lines = output.splitlines()
    cause = cause_index(lines)
    return Content("\n").join(
        Content.styled(f"> {line}", "$error bold") if index == cause else Content(line)
        for index, line in enumerate(lines)
    )
