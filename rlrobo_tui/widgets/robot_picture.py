"""A picture of a robot, two pixels in each character; in shades of ASCII where colours or half blocks do not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from rlrobo_tui.pictures import Picture, fit, shade

if TYPE_CHECKING:
    from rlrobo_tui.app import RlroboApp

UPPER_HALF = "▀"


class RobotPicture(Widget):
    """Shows a picture, or a sentence in its place."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.picture: Picture | None = None
        self.words = ""
        """Shown where there is no picture."""
        self._drawn: list[Strip] = []

    @property
    def is_drawn(self) -> bool:
        """Whether there is a picture to be seen."""
        return self.picture is not None and not self._rlrobo.is_low_bandwidth

    def show(self, picture: Picture | None, words: str = "") -> None:
        """Show a picture; without one, or where bytes are dear, the words."""
        self.picture, self.words = picture, words
        if picture is not None and self._rlrobo.is_low_bandwidth:
            self.words = "not drawn: low bandwidth"
        self._draw()

    def on_resize(self) -> None:
        """Draw it in the new size."""
        self._draw()

    def render_line(self, y: int) -> Strip:
        """Return one line."""
        if y < len(self._drawn):
            return self._drawn[y]
        return Strip.blank(self.size.width, self.rich_style)

    @property
    def _rlrobo(self) -> RlroboApp:
        return self.app  # type: ignore[return-value]

    def _draw(self) -> None:
        width, height = self.size
        self._drawn = []
        if width and height:
            if self.is_drawn and self.picture is not None:
                self._drawn = self._lines(fit(self.picture, columns=width, lines=height))
            else:
                style = self.rich_style + Style(color=self.app.theme_variables.get("muted"))
                self._drawn = [Strip([Segment(self.words[:width].ljust(width), style)])]
        self.refresh()

    def _lines(self, picture: Picture) -> list[Strip]:
        rows = list(picture.rows())
        is_plain = self._rlrobo.is_ascii or self.app.no_color
        margin = (self.size.width - picture.width) // 2
        left = Segment(" " * margin, self.rich_style)
        right = Segment(" " * (self.size.width - picture.width - margin), self.rich_style)
        lines: list[Strip] = []
        for upper, lower in zip(rows[::2], rows[1::2], strict=True):
            if is_plain:
                text = "".join(map(shade, upper))
                middle = [Segment(text, self.rich_style)]
            else:
                middle = [
                    Segment(UPPER_HALF, Style(color="rgb({},{},{})".format(*top), bgcolor="rgb({},{},{})".format(*low)))
                    for top, low in zip(upper, lower, strict=True)
                ]
            lines.append(Strip([left, *middle, right]))
        return lines
