"""A picture as characters: two pixels in each cell with the upper half block, or shades without colour. Pure."""

from collections.abc import Iterator
from itertools import groupby

HALF_BLOCK = "▀"
SHADES = " .:-=+*#%@"
"""From nothing to full; ASCII, because shade characters are drawn differently by each font."""

Runs = list[tuple[bytes, int]]
"""A row of cells from left to right: colour of the upper and of the lower pixel (6 bytes), and how many are alike."""


def rows_of_cells(picture: bytes, width: int) -> Iterator[Runs]:
    """Yield the rows of a picture of width * 3 bytes a row; an odd last row is left out."""
    stride = 3 * width
    for start in range(0, len(picture) - stride, 2 * stride):
        upper, lower = picture[start : start + stride], picture[start + stride : start + 2 * stride]
        cells = (upper[index : index + 3] + lower[index : index + 3] for index in range(0, stride, 3))
        yield [(cell, sum(1 for _ in alike)) for cell, alike in groupby(cells)]


def glyph(cell: bytes) -> str:
    """Return the character that shows the two colours: a space where the background is enough."""
    return " " if cell[:3] == cell[3:] else HALF_BLOCK


def shaded(runs: Runs) -> str:
    """Return a row as characters that are as dense as its pixels are bright."""
    return "".join(SHADES[_brightness(cell) * (len(SHADES) - 1) // 255] * number for cell, number in runs)


def _brightness(cell: bytes) -> int:
    """Return the mean luma of both pixels, 0 to 255 (ITU-R BT.601, in eighths)."""
    red, green, blue = cell[0] + cell[3], cell[1] + cell[4], cell[2] + cell[5]
    return (2 * red + 5 * green + blue) // 16
