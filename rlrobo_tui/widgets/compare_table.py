"""The table below an overlay of runs: what each line is, and what it reached. No numbers are made here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.widgets import Static

from rlrobo_tui.comparison import Curve, Row
from rlrobo_tui.comparison_plot import LETTERS, sample_of
from rlrobo_tui.comparison_words import cost, interval, signed, verdict
from rlrobo_tui.run_list import shorten

SHORTEST_NAME = 8


@dataclass(frozen=True, kw_only=True)
class TableState:
    """What the table shows."""

    curves: Sequence[Curve]
    rows: Sequence[Row]
    place: str
    """Where the common values are read."""
    cursor: int
    """Index of a curve."""
    hidden: Collection[int]
    """Indices of curves that are not drawn."""
    is_ascii: bool


class CompareTable(Static):
    """One line a curve, below a header."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._state: TableState | None = None

    def show(self, state: TableState) -> None:
        """Draw the table in the present width."""
        self._state = state
        self.update(table_content(state, max(20, self.content_size.width)))

    def on_resize(self) -> None:
        """Choose the columns that fit."""
        if self._state is not None:
            self.show(self._state)


def table_content(state: TableState, width: int) -> Content:
    """Return the table in at most `width` columns: the difference goes last, the best value first."""
    known = {row.curve.ids: row for row in state.rows}
    unused = () if any(row.cost for row in state.rows) else ("cost",)
    cells = [_cells(known.get(curve.ids), state.place) for curve in state.curves]
    titles = [title for title in _cells(None, state.place) if title not in unused]
    widths = {title: max([len(title), *(len(row[title]) for row in cells)]) for title in titles}
    longest = max((len(curve.name) for curve in state.curves), default=0)
    shown = _fitting(widths, width - len("A ━━━  ") - min(longest, 24))
    room = width - len("A ━━━  ") - sum(widths[title] + 2 for title in shown)
    name_width = max(SHORTEST_NAME, min(longest, room))
    lines = [_header(shown, widths, name_width)]
    for index, (curve, row) in enumerate(zip(state.curves, cells, strict=True)):
        texts = [row[title].rjust(widths[title]) for title in shown]
        lines.append(_line(state, index, curve.name, name_width, texts))
    return Content("\n").join(lines)


def _cells(row: Row | None, place: str) -> dict[str, str]:
    """Return the text of each column by its title, the first to be left out where there is no room at the end."""
    if row is None:
        return {"n": "0", f"at {place}": "no value", "difference": "", "95 %": "", "cost": "", "final": "", "best": ""}
    return {
        "n": str(len(row.curve.members)),
        f"at {place}": interval(row.common),
        "difference": signed(row.against),
        "95 %": verdict(row.against),
        "cost": cost(row.cost),
        "final": interval(row.final),
        "best": interval(row.best),
    }


def _fitting(widths: dict[str, int], room: int) -> list[str]:
    """Return the columns, in their order, as far as there is room."""
    shown: list[str] = []
    for title, width in widths.items():
        room -= width + 2
        if room < 0:
            break
        shown.append(title)
    return shown


def _header(shown: Sequence[str], widths: dict[str, int], name_width: int) -> Content:
    titles = "".join(f"  {title.rjust(widths[title])}" for title in shown)
    return Content.styled(f"{' ' * len('A ━━━ ')}{'run'.ljust(name_width)}{titles}", "$muted")


def _line(state: TableState, index: int, name: str, name_width: int, texts: Sequence[str]) -> Content:
    is_hidden = index in state.hidden
    sample = "hid" if is_hidden else sample_of(index, is_ascii=state.is_ascii)
    body = f" {shorten(name, name_width).ljust(name_width)}{''.join(f'  {text}' for text in texts)}"
    if index == state.cursor:
        body_style = "$block-cursor-foreground on $block-cursor-background"
    else:
        body_style = "$muted" if is_hidden else ""
    return Content.assemble((f"{LETTERS[index]} {sample}", f"${f'series-{index + 1}'} bold"), (body, body_style))
