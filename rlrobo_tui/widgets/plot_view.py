"""A widget that shows one plot. NumPy is imported when it first draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from rlrobo_tui.widgets.plot import Plot


class PlotView(Widget):
    """Draws again only when its plot or its size changes."""

    def __init__(self, *, id: str, is_ascii: bool) -> None:
        super().__init__(id=id)
        self._is_ascii = is_ascii
        self._plot: Plot | None = None
        self._strips: list[Strip] = []

    def show(self, plot: Plot | None) -> None:
        """Show a plot, or none."""
        self._plot = plot
        self._draw()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw()

    def render_line(self, y: int) -> Strip:
        """Return a line of what was drawn last."""
        ground = self.visual_style.rich_style
        return self._strips[y].apply_style(ground) if y < len(self._strips) else Strip.blank(self.size.width, ground)

    def ink(self, variable: str) -> Style:
        """Return a colour of the theme as a style."""
        return Style(color=Color.parse(self.app.theme_variables.get(variable, "gray")).rich_color)

    @property
    def has_room(self) -> bool:
        """Whether there was room, and something to draw, when it drew last."""
        return bool(self._strips)

    def _draw(self) -> None:
        self._strips = []
        if self._plot is not None and self.size:
            from rlrobo_tui.widgets.plot import Look
            from rlrobo_tui.widgets.plot_drawing import draw

            look = Look(axis=self.ink("muted"), is_ascii=self._is_ascii)
            self._strips = draw(self._plot, self.size.width, self.size.height, look).strips
        self.refresh()
