"""A robot in half blocks, with what is to be said about it in the picture's first lines.

Drawn by the Line API: a picture becomes lines once, and styles are made once for each pair of colours.
"""

from functools import lru_cache

from rich import color
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from rlrobo_tui.half_blocks import glyph, rows_of_cells, shaded
from rlrobo_tui.replay_controls import picture_size

_NUM_STYLES = 16_384


class RobotView(Widget):
    """Shows the last picture it was given, in the middle of its place, or a sentence."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._lines: list[Strip] = []
        self._picture_width = 0
        self._overlay: list[Strip] = []
        self._sentence = Content("")
        self._ground = Style.null()

    def show(self, picture: bytes, width: int, *, has_color: bool) -> None:
        """Draw a picture of `width` pixels a row, 3 bytes each."""
        make = _colored if has_color else self._shaded
        self._lines = [make(runs, width) for runs in rows_of_cells(picture, width)]
        self._picture_width = width
        self.refresh()

    def say(self, sentence: Content) -> None:
        """Show words until there is a picture."""
        self._sentence = sentence
        self._lines, self._overlay = [], []
        self.refresh()

    def overlay(self, lines: list[Content]) -> None:
        """Lay lines over the top of the picture."""
        style = self.visual_style
        self._overlay = [strip for line in lines for strip in Visual.to_strips(self, line, line.cell_length, 1, style)]
        self.refresh()

    @property
    def has_picture(self) -> bool:
        """Whether there is one."""
        return bool(self._lines)

    @property
    def picture_size(self) -> tuple[int, int]:
        """Width and height of the picture to ask for, in pixels."""
        return picture_size(self.size.width, self.size.height)

    @property
    def ground(self) -> tuple[int, int, int]:
        """Colour to draw a picture on; black where only the terminal knows its background."""
        background = Color.parse(self.app.theme_variables.get("background", "black"))
        return (0, 0, 0) if background.ansi is not None else background.rgb

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines within `crop`."""
        self._ground = self.rich_style  # computed once for all lines: it costs more than a line
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return line `y`."""
        width, style = self.size.width, self._ground
        if not self._lines:
            return self._sentence_line(y)
        top = max(0, (self.size.height - len(self._lines)) // 2)
        line = self._lines[y - top] if 0 <= y - top < len(self._lines) else Strip.blank(0, style)
        left = max(0, (width - self._picture_width) // 2)
        whole = Strip.join([Strip.blank(left, style), line]).adjust_cell_length(width, style)
        if y >= len(self._overlay):
            return whole
        words = self._overlay[y]
        return Strip.join([words.crop(0, width), whole.crop(min(width, words.cell_length), width)])

    def _sentence_line(self, y: int) -> Strip:
        """Return a line of the sentence, which stands in the middle."""
        size, style = self.size, self.visual_style
        lines = Visual.to_strips(self, self._sentence, size.width, None, style) if self._sentence else []
        index = y - max(0, (size.height - len(lines)) // 2)
        line = lines[index] if 0 <= index < len(lines) else Strip.blank(0, self._ground)
        return line.adjust_cell_length(size.width, self._ground)

    def _shaded(self, runs: list[tuple[bytes, int]], width: int) -> Strip:
        return Strip([Segment(shaded(runs), self.rich_style)], width)


def _colored(runs: list[tuple[bytes, int]], width: int) -> Strip:
    return Strip([Segment(glyph(cell) * number, _style_of(cell)) for cell, number in runs], width)


@lru_cache(_NUM_STYLES)
def _style_of(cell: bytes) -> Style:
    """Return the upper pixel's colour on the lower one's. Cached: Rich keeps a style's escape codes with it."""
    return Style(color=color.Color.from_rgb(*cell[:3]), bgcolor=color.Color.from_rgb(*cell[3:]))
