"""The list of cloud runs: a header, and a line for each run."""

from __future__ import annotations

import time
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from rlrobo_tui.cloud_runs import CloudRun
from rlrobo_tui.cloud_words import COLUMNS, RUN, badge_of, cells
from rlrobo_tui.run_list import Column, layout, shorten
from rlrobo_tui.widgets.choice_list import SteadyList

PADDING = 3
"""Columns of a line that the list keeps for itself: two at its ends, and one to scroll with."""


class CloudTable(Vertical):
    """A cursor stands on a run; numbers and ages move without moving it."""

    class Moved(Message):
        """The cursor stands on another run."""

    class Chosen(Message):
        """A run was chosen with enter or the mouse."""

    def __init__(self, *, id: str, is_ascii: bool) -> None:
        super().__init__(id=id)
        self._is_ascii = is_ascii
        self._runs: Sequence[CloudRun] = ()

    def compose(self) -> ComposeResult:
        """Lay out header and lines."""
        yield Static(id="cloud-header")
        yield SteadyList(id="cloud-runs")

    @property
    def selected(self) -> CloudRun | None:
        """The run under the cursor."""
        index = self._list.highlighted
        return self._runs[index] if index is not None and index < len(self._runs) else None

    def show(self, runs: Sequence[CloudRun]) -> None:
        """Draw the runs; the cursor stays on its run."""
        before, self._runs = self.selected, runs
        self.draw()
        if before is not None:
            self.select(before.run.id)
        elif runs and self._list.highlighted is None:
            self._list.highlighted = 0

    def select(self, run_id: str) -> None:
        """Put the cursor on a run, where it is listed."""
        ids = [each.run.id for each in self._runs]
        if run_id in ids and self._list.highlighted != ids.index(run_id):
            self._list.highlighted = ids.index(run_id)

    def move(self, distance: int) -> None:
        """Move the cursor to the next run or the one before."""
        (self._list.action_cursor_down if distance > 0 else self._list.action_cursor_up)()

    def focus_list(self) -> None:
        """Take the focus."""
        self._list.focus()

    def draw(self) -> None:
        """Write header and lines for the present width and time."""
        now = time.time()
        rows = [cells(each, now, is_ascii=self._is_ascii) for each in self._runs]
        columns = layout(rows, max(20, self.size.width - PADDING), COLUMNS)
        titles = [(column.title, "$muted") for column, _ in columns]
        self.query_one("#cloud-header", Static).update(_aligned(titles, columns))
        lines = [_line(each, row, columns) for each, row in zip(self._runs, rows, strict=True)]
        options = self._list
        if [option.id for option in options.options] != [each.run.id for each in self._runs]:
            options.set_options(Option(line, id=each.run.id) for each, line in zip(self._runs, lines, strict=True))
            return
        for each, line in zip(self._runs, lines, strict=True):
            if options.get_option(each.run.id).prompt != line:
                options.replace_option_prompt(each.run.id, line)

    def on_resize(self) -> None:
        """Choose the columns that fit."""
        self.draw()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Tell the page."""
        event.stop()
        self.post_message(self.Moved())

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Tell the page."""
        event.stop()
        self.post_message(self.Chosen())

    @property
    def _list(self) -> SteadyList:
        return self.query_one("#cloud-runs", SteadyList)


def _line(found: CloudRun, row: dict[str, str], columns: Sequence[tuple[Column, int]]) -> Content:
    badge = badge_of(found)
    quiet = "" if found.is_active else "$muted"
    styles = {"state": f"${badge.color} bold", RUN: quiet}
    return _aligned([(row[column.title], styles.get(column.title, quiet)) for column, _ in columns], columns)


def _aligned(parts: Sequence[tuple[str, str]], columns: Sequence[tuple[Column, int]]) -> Content:
    pieces: list[tuple[str, str]] = []
    for (text, style), (column, width) in zip(parts, columns, strict=True):
        cut = shorten(text, width)
        gap = " " if pieces else ""
        pieces += [(gap, ""), (cut.rjust(width) if column.is_right else cut.ljust(width), style)]
    return Content.assemble(*pieces)
