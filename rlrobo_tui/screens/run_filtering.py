"""The line of the list of runs in which a filter is typed."""

from __future__ import annotations

from textual.widgets import Input, Static

from rlrobo_tui.run_filter import Query, QueryError, parse_query
from rlrobo_tui.screens.page import Page
from rlrobo_tui.widgets.runs_table import RunsTable


class RunFiltering(Page[None]):
    """Mix-in for the list; the app's memory holds what was typed."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted = Query()
        """What a run must have to be shown."""

    def draw(self) -> None:
        """Draw what was chosen."""
        raise NotImplementedError

    def action_filter(self) -> None:
        """Ask for words."""
        words = self.query_one("#words", Input)
        words.display = True
        words.focus()

    def action_clear_filter(self) -> None:
        """Show all runs."""
        words = self.query_one("#words", Input)
        words.value = ""
        words.display = False
        self.query_one(RunsTable).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        self.rlrobo.memory.runs.filter = event.value
        self.draw()

    def on_input_submitted(self) -> None:
        """Keep the filter and go back to the list."""
        self.query_one("#words").display = bool(self.query_one("#words", Input).value)
        self.query_one(RunsTable).focus()

    def take_query(self, text: str) -> None:
        """Read the filter; one that cannot be read yet leaves the last one in force and says what is wrong."""
        wrong = self.query_one("#wrong", Static)
        try:
            self.wanted = parse_query(text)
        except QueryError as err:
            wrong.update(str(err))
            wrong.display = True
        else:
            wrong.display = False
