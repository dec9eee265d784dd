"""A grid of styled characters that can be drawn on with braille dots, and its lines as Textual's strips."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

Mask = NDArray[np.bool_]
BLANK = 0x2800
"""Braille pattern without a dot."""
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint32)
"""Bit of each dot of a braille character, by row and column (Unicode 15, chapter 21.1)."""


class Canvas:
    """What is drawn later covers what was drawn before."""

    def __init__(self, width: int, height: int) -> None:
        self._chars = np.full((height, width), ord(" "), np.uint32)
        self._inks = np.zeros((height, width), np.uint8)
        self._styles: list[Style] = [Style.null()]

    def text(self, column: int, row: int, text: str, style: Style) -> None:
        """Write `text`, one cell a character; what does not fit is cut."""
        height, width = self._chars.shape
        text = text[max(0, -column) : max(0, width - column)]
        column = max(0, column)
        if text and 0 <= row < height:
            self._chars[row, column : column + len(text)] = [ord(char) for char in text]
            self._inks[row, column : column + len(text)] = self._ink(style)

    def is_free(self, column: int, row: int, width: int) -> bool:
        """Whether so many cells are there and nothing is drawn in them."""
        cells = self._chars[row, column : column + width]
        return column >= 0 and len(cells) == width and bool((cells == ord(" ")).all())

    def column(self, column: int, rows: range, glyph: str, style: Style) -> None:
        """Draw a vertical line behind what is there already."""
        place = (slice(rows.start, rows.stop), column)
        free = self._chars[place] == ord(" ")
        self._chars[place][free] = ord(glyph)
        self._inks[place][free] = self._ink(style)

    def row(self, row: int, columns: range, glyph: str, style: Style) -> None:
        """Draw a horizontal line behind what is there already."""
        place = (row, slice(columns.start, columns.stop))
        free = self._chars[place] == ord(" ")
        self._chars[place][free] = ord(glyph)
        self._inks[place][free] = self._ink(style)

    def dots(self, column: int, row: int, mask: Mask, style: Style) -> None:
        """Draw braille characters from a mask of dots, shape (4 * num_rows, 2 * num_columns)."""
        num_rows, num_columns = mask.shape[0] // 4, mask.shape[1] // 2
        cells = mask.reshape(num_rows, 4, num_columns, 2)
        chars = np.einsum("rdcs,ds->rc", cells.astype(np.uint32), _DOTS)
        self._cover(column, row, np.where(chars > 0, chars + BLANK, 0), style)

    def glyphs(self, column: int, row: int, mask: Mask, glyph: str, style: Style) -> None:
        """Draw a character in each cell of a mask, shape (num_rows, num_columns)."""
        self._cover(column, row, np.where(mask, ord(glyph), 0), style)

    def strips(self) -> list[Strip]:
        """Return the lines."""
        return [self._strip(row) for row in range(len(self._chars))]

    def _cover(self, column: int, row: int, chars: NDArray[np.integer], style: Style) -> None:
        place = (slice(row, row + chars.shape[0]), slice(column, column + chars.shape[1]))
        is_drawn = chars > 0
        self._chars[place][is_drawn] = chars[is_drawn]
        self._inks[place][is_drawn] = self._ink(style)

    def _ink(self, style: Style) -> int:
        if style not in self._styles:
            self._styles.append(style)
        return self._styles.index(style)

    def _strip(self, row: int) -> Strip:
        inks = self._inks[row]
        text = self._chars[row].tobytes().decode("utf-32-le")
        starts = [0, *(np.flatnonzero(inks[1:] != inks[:-1]) + 1).tolist(), len(text)]
        segments = [
            Segment(text[start:end], self._styles[inks[start]]) for start, end in pairwise(starts) if end > start
        ]
        return Strip(segments, len(text))


def bar_mask(low: NDArray[np.float64], high: NDArray[np.float64], num_rows: int) -> Mask:
    """Return which dots lie between `low` and `high`, each a part of the height (0 bottom, 1 top) by column of dots.

    A column whose bounds are NaN stays empty; another has one dot at least, where it is not outside altogether.
    """
    with np.errstate(invalid="ignore"):
        # Rounded twice: what differs by the noise of floats must not end up on both sides of a border.
        top = np.round(np.round(1 - high, 6) * (num_rows - 1))
        bottom = np.round(np.round(1 - low, 6) * (num_rows - 1))
        rows = np.arange(num_rows)[:, None]
        return (rows >= top) & (rows <= bottom)


def textured(mask: Mask, keep: Callable[[NDArray[np.intp], NDArray[np.intp]], Mask]) -> Mask:
    """Return the dots of `mask` that a texture keeps; it is asked by row and column."""
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    return mask & keep(rows, columns)
