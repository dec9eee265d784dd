"""The table of runs: draws only the lines in sight, so that a thousand runs scroll as ten do. Reads nothing."""

import time
from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from engine.protocol.summary import RunSummary
from rlrobo_tui.badges import BADGES
from rlrobo_tui.quantities import count_of, number
from rlrobo_tui.run_list import NAME, Column, age_of, cells, layout, shorten
from rlrobo_tui.run_order import Group

Line = Group | RunSummary
MARK = "▌"


class RunsTable(ScrollView, can_focus=True):
    """Lines of runs and of groups below a header; a cursor stands on a run."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"runs--header", "runs--cursor", "runs--group", "runs--over"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,g", "end(-1)", show=False),
        Binding("end", "end(1)", show=False),
    ]
    cursor = reactive(0, repaint=False)
    """Index of the line on which the cursor stands."""

    class Moved(Message):
        """The cursor stands on another run, or on none."""

    class Chosen(Message):
        """A run was double-clicked."""

    class SortAsked(Message):
        """The title of a column was clicked."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    def __init__(self, *, id: str, is_ascii: bool) -> None:
        super().__init__(id=id)
        self._is_ascii = is_ascii
        self._lines: Sequence[Line] = ()
        self._marks: frozenset[str] = frozenset()
        self._sort = ""
        self._texts: dict[str, tuple[RunSummary, Sequence[float], dict[str, str]]] = {}
        self._columns: list[tuple[Column, int]] = []
        self._drawn: dict[int, Strip] = {}
        """Lines without the cursor, by their index, until something about them changes."""

    @property
    def row_count(self) -> int:
        """How many runs are listed."""
        return sum(not isinstance(line, Group) for line in self._lines)

    @property
    def selected(self) -> RunSummary | None:
        """The run under the cursor."""
        line = self._lines[self.cursor] if 0 <= self.cursor < len(self._lines) else None
        return None if isinstance(line, Group) else line

    def show(self, lines: Sequence[Line], histories: Mapping[str, Sequence[float]], *, sort: str) -> None:
        """Draw these lines; the cursor stays on its run where that is still listed. `sort` is a column's `sort`."""
        before = self.selected
        self._lines, self._sort = lines, sort
        self._take_texts(histories)
        self.virtual_size = Size(0, len(lines) + 1)
        self.fit()
        if before is not None:
            self.select(before.id)
        elif lines:
            self._go(self.cursor, 1)
        if (before and before.id) != (self.selected and self.selected.id):
            self.post_message(self.Moved())

    def mark(self, ids: frozenset[str]) -> None:
        """Mark these runs and no other."""
        self._marks = ids
        self._forget_drawn()

    def select(self, run_id: str) -> None:
        """Put the cursor on a run; where it is not listed, on the one at its place."""
        found = [index for index, line in enumerate(self._lines) if not isinstance(line, Group) and line.id == run_id]
        self._go(found[0] if found else min(self.cursor, len(self._lines) - 1), 1)

    def fit(self) -> None:
        """Choose the columns for the present width."""
        self._columns = layout((texts for _, _, texts in self._texts.values()), self._room)
        self._forget_drawn()

    def on_resize(self) -> None:
        """Choose the columns that fit."""
        self.fit()
        self._show_cursor()

    def watch_cursor(self, before: int, after: int) -> None:
        """Draw the cursor in its new place and keep it in sight."""
        self._show_cursor()
        top = round(self.scroll_y) - 1
        self.refresh(*(Region(0, index - top, self._room, 1) for index in (before, after) if index > top))
        self.post_message(self.Moved())

    def action_move(self, distance: int) -> None:
        """Move the cursor to the next run in a direction."""
        self._go(self.cursor + distance, distance)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self._go(self.cursor + direction * max(1, self._height - 1), direction)

    def action_end(self, direction: int) -> None:
        """Move the cursor to the first run or the last."""
        self._go(0 if direction < 0 else len(self._lines) - 1, -direction)

    def on_click(self, event: events.Click) -> None:
        """Select a run, open it when clicked twice, or sort by a column."""
        if event.y == 0:
            self._sort_by_click(event.x)
            return
        index = round(self.scroll_y) + event.y - 1
        if index < len(self._lines) and not isinstance(self._lines[index], Group):
            self.cursor = index
            if event.chain == 2:
                self.post_message(self.Chosen())

    def render_line(self, y: int) -> Strip:
        """Return a line of the screen: the header, or the one that is scrolled there."""
        index = round(self.scroll_y) + y - 1
        if y == 0:
            return self._strip(self._header(), "runs--header")
        if index >= len(self._lines):
            return Strip.blank(self._room, self.visual_style.rich_style)
        line = self._lines[index]
        if index == self.cursor and not isinstance(line, Group):
            return self._strip(Content(self._row(line).plain), "runs--cursor")
        if index not in self._drawn:
            self._drawn[index] = self._draw(line)
        return self._drawn[index]

    def notify_style_update(self) -> None:
        """Draw all lines in the colours of another theme."""
        super().notify_style_update()
        self._forget_drawn()

    @property
    def _room(self) -> int:
        return max(1, self.scrollable_content_region.width)

    @property
    def _height(self) -> int:
        """Lines below the header."""
        return max(1, self.scrollable_content_region.height - 1)

    def _take_texts(self, histories: Mapping[str, Sequence[float]]) -> None:
        """Write the cells of the runs that changed."""
        known, self._texts = self._texts, {}
        for line in self._lines:
            if isinstance(line, Group):
                continue
            history = histories.get(line.id, ())
            found = known.get(line.id)
            if found is None or found[0] is not line or found[1] is not history:
                found = (line, history, cells(line, history, is_ascii=self._is_ascii))
            self._texts[line.id] = found

    def _go(self, index: int, direction: int) -> None:
        """Put the cursor on the run at `index`, or on the next one in a direction, else on the last before."""
        index = max(0, min(index, len(self._lines) - 1))
        below, above = range(index, len(self._lines)), range(index, -1, -1)
        places = (*below, *above) if direction > 0 else (*above, *below)
        runs = (at for at in places if at < len(self._lines) and not isinstance(self._lines[at], Group))
        self.cursor = next(runs, 0)

    def _show_cursor(self) -> None:
        """Scroll until the cursor is in sight; the group above it too where it is the first run of it."""
        top = self.cursor - (self.cursor == 1 and isinstance(self._lines[0], Group)) if self._lines else 0
        first = round(self.scroll_y)
        if top < first:
            self.scroll_to(y=top, animate=False, force=True)
        elif self.cursor >= first + self._height:
            self.scroll_to(y=self.cursor - self._height + 1, animate=False, force=True)

    def _forget_drawn(self) -> None:
        self._drawn.clear()
        self.refresh()

    def _draw(self, line: Line) -> Strip:
        if isinstance(line, Group):
            return self._strip(_heading(line), "runs--group")
        return self._strip(self._row(line), "runs--over" if line.status.is_over else "")

    def _strip(self, content: Content, component: str) -> Strip:
        style = self.get_visual_style(component) if component else self.visual_style
        return Visual.to_strips(self, content, self._room, 1, style, pad=True)[0]

    def _header(self) -> Content:
        return self._aligned(
            [
                (column.title, "$accent bold" if column.sort == self._sort and column.sort else "")
                for column, _ in self._columns
            ]
        )

    def _row(self, summary: RunSummary) -> Content:
        texts = self._texts[summary.id][2]
        styles = {"state": f"${BADGES[summary.status].color} bold", NAME: "$foreground", "trend": "$primary"}
        known = {**texts, "": MARK if summary.id in self._marks else " ", "age": age_of(summary, time.time())}
        styles[""] = "$accent"
        return self._aligned([(known[column.title], styles.get(column.title, "")) for column, _ in self._columns])

    def _aligned(self, parts: Sequence[tuple[str, str]]) -> Content:
        pieces: list[tuple[str, str]] = []
        for (text, style), (column, width) in zip(parts, self._columns, strict=True):
            cut = shorten(text, width)
            padded = cut.rjust(width) if column.is_right else cut.ljust(width)
            pieces += [(padded, style), (" ", "")]
        return Content.assemble(*pieces)

    def _sort_by_click(self, x: int) -> None:
        start = 0
        for column, width in self._columns:
            if start <= x <= start + width and column.sort:
                self.post_message(self.SortAsked(column.sort))
            start += width + 1


def _heading(group: Group) -> Content:
    best = "" if group.best is None else f" · best {number(group.best)}"
    active = f" · {group.num_active} active" if group.num_active else ""
    return Content.assemble((group.title, "bold"), (f"  {count_of(group.num_runs, 'run')}{active}{best}", "$muted"))
