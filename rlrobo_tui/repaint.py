"""Send a terminal only the characters that change, in few bytes: over a slow line every picture costs.

Textual writes whole regions, with every colour in full before each piece of text. What it writes is read here, compared
with what the terminal shows already, and the difference is sent.
"""

from __future__ import annotations

import re
from functools import lru_cache
from time import monotonic
from typing import NamedTuple, cast

from rich.cells import cell_len
from rich.console import Console, RenderableType
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen

_PARTS = re.compile(r"\x1b\[(\d+);(\d+)H|\x1b\[([\d;]*)m|([^\x1b\n\r]+)|[\n\r]")
FULL_EVERY_S = 10.0
"""Chosen: a screen that something else has spoilt is mended within this time, by a few kilobytes."""
_NEAR_CELLS = 4
"""A step of the cursor to the right takes as many bytes as this many characters, written again."""


class Style(NamedTuple):
    """How a character looks, each part as the parameters of an escape sequence."""

    foreground: str = ""
    background: str = ""
    attributes: str = ""
    """All but colours: 1;4 for bold and underlined."""


class Cell(NamedTuple):
    """A character in its place; empty beside one that is two columns wide."""

    text: str
    style: Style


PLAIN = Style()
UNKNOWN = Cell("", PLAIN)
"""What stands where nothing was written here yet."""
_COLORS = {
    **{str(code): 0 for code in (*range(30, 38), 39, *range(90, 98))},
    **{str(code): 1 for code in (*range(40, 48), 49, *range(100, 108))},
}
"""Whether a parameter alone is the colour of the character, 0, or of what is behind it, 1."""


class Terminal:
    """What a terminal shows, as far as it was written here."""

    def __init__(self) -> None:
        self._rows: dict[int, list[Cell]] = {}
        """Cells of each row from column 1 on."""

    def forget(self) -> None:
        """Take nothing for granted: somebody else may have written, too."""
        self._rows.clear()

    def difference(self, written: str) -> str:
        """Return what shows the same as `written`, as Textual writes it, given what is there already."""
        changed = self._take(written)
        if changed is None:  # something that is not known here: it is sent as it is
            self.forget()
            return written
        pen, pieces = PLAIN, list[str]()
        for y in sorted(changed):
            pen = self._write_row(y, changed[y], pen, pieces)
        return "".join(pieces) + ("" if pen == PLAIN else "\x1b[0m")

    def _take(self, written: str) -> dict[int, set[int]] | None:
        """Take what is written; return which columns it changes, by row. None where it cannot be read."""
        changed: dict[int, set[int]] = {}
        x, y, position, style = 1, 1, 0, PLAIN
        while part := _PARTS.match(written, position):
            position = part.end()
            row, column, parameters, text = part.groups()
            if row is not None:
                y, x = int(row), int(column)
            elif parameters is not None:
                style = _style(parameters)
            elif text is not None:
                if (cells := _cells(text, style)) is None:
                    return None
                x = self._put(y, x, cells, changed)
        return changed if position == len(written) else None

    def _put(self, y: int, x: int, cells: list[Cell], changed: dict[int, set[int]]) -> int:
        """Write `cells` at a place; return the column behind them."""
        row, start = self._rows.setdefault(y, []), x - 1
        end = start + len(cells)
        if row[start:end] != cells:  # nearly all that is written is there already, and this comparison is quick
            row += [UNKNOWN] * (end - len(row))
            columns = changed.setdefault(y, set())
            columns.update(start + at + 1 for at, cell in enumerate(cells) if row[start + at] != cell)
            row[start:end] = cells
        return end + 1

    def _write_row(self, y: int, columns: set[int], pen: Style, pieces: list[str]) -> Style:
        """Add what draws these columns of a row; return the style in force behind it."""
        row, at = self._rows[y], 0
        for x in self._whole(row, columns):
            gap = row[at - 1 : x - 1] if at and x - at <= _NEAR_CELLS else []
            if gap and all(cell.text and _wanted(cell, pen) == pen for cell in gap):
                pieces += [cell.text for cell in gap]
            elif at and x > at:
                pieces.append(f"\x1b[{x - at}C")
            elif not at:
                pieces.append(f"\x1b[{y};{x}H")
            cell = row[x - 1]
            wanted = _wanted(cell, pen)
            if wanted != pen:
                pieces.append(_change(pen, wanted))
                pen = wanted
            pieces.append(cell.text)
            at = x + max(1, cell_len(cell.text) if not cell.text.isascii() else 1)
        return pen

    @staticmethod
    def _whole(row: list[Cell], columns: set[int]) -> list[int]:
        """Return the columns in their order; the second one of a wide character stands for its first."""
        return sorted({x - (not row[x - 1].text and x > 1) for x in columns})


class RepaintingLittle(App[None]):
    """Mix-in for the app."""

    def __init__(self) -> None:
        super().__init__()
        self._terminal = Terminal()
        self._drawn: tuple[object, ...] = ()
        self._whole_at = 0.0

    def on_mount(self) -> None:
        """Draw in full after somebody else had the terminal."""
        self.app_resume_signal.subscribe(self, lambda _: self._terminal.forget())

    def on_resize(self) -> None:
        """A terminal of another size shows who knows what."""
        self._terminal.forget()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Draw, through Textual; another page is drawn in full, which also mends what others have written over."""
        if isinstance(renderable, LayoutUpdate | ChopsUpdate):
            drawn, now = (screen, self.size), monotonic()
            is_due = isinstance(renderable, LayoutUpdate) and now - self._whole_at > FULL_EVERY_S
            if drawn != self._drawn or is_due:
                self._terminal.forget()
                self._drawn, self._whole_at = drawn, now
            renderable = cast(RenderableType, _Difference(renderable, self._terminal))
        elif renderable is not None:
            self._terminal.forget()
        super()._display(screen, renderable)


class _Difference(CompositorUpdate):
    """An update of which only what changes is sent."""

    def __init__(self, update: CompositorUpdate, terminal: Terminal) -> None:
        self._update, self._terminal = update, terminal

    def render_segments(self, console: Console) -> str:
        """Return what is sent."""
        return self._terminal.difference(self._update.render_segments(console))


def _wanted(cell: Cell, pen: Style) -> Style:
    """Return the style that draws a cell: a blank leaves the colour of characters as it is."""
    is_blank = cell.text == " " and not cell.style.attributes
    return Style(pen.foreground, cell.style.background) if is_blank else cell.style


@lru_cache(4096)
def _cells(text: str, style: Style) -> list[Cell] | None:
    """Return the characters of `text`, not to be changed; how a blank would be coloured does not matter.

    None where it is not as wide as its characters together, such as 👩‍🚀: who knows where the cursor stands then?
    """
    cells: list[Cell] = []
    for char in text:
        size = 1 if char.isascii() else cell_len(char)
        if not size and cells:  # an accent, say, belongs to the character before
            last = max(index for index, cell in enumerate(cells) if cell.text)
            cells[last] = Cell(cells[last].text + char, style)
            continue
        seen = Style("", style.background) if char == " " and not style.attributes else style
        cells += [Cell(char, seen), *[Cell("", style)] * (size - 1)]
    return cells if text.isascii() or len(cells) == cell_len(text) else None


@lru_cache(4096)
def _style(parameters: str) -> Style:
    """Return the style that an escape sequence of Textual sets, which follows a reset."""
    colors, attributes = ["", ""], list[str]()
    codes = iter(parameters.split(";"))
    for code in codes:
        if code in ("38", "48"):
            kind = next(codes, "")
            values = [next(codes, "") for _ in range(3 if kind == "2" else 1)]
            colors[code == "48"] = ";".join((code, kind, *values))
        elif code in _COLORS:
            colors[_COLORS[code]] = code
        elif code not in ("", "0"):
            attributes.append(code)
    return Style(colors[0], colors[1], ";".join(attributes))


@lru_cache(4096)
def _change(before: Style, after: Style) -> str:
    """Return the shortest sequence that leads from one style to another."""
    parts = [new for old, new in zip(before, after, strict=True) if old != new]
    if before.attributes != after.attributes or "" in parts:
        parts = ["0", *(part for part in after if part)]
    return f"\x1b[{';'.join(parts)}m"
