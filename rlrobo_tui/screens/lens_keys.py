"""The keys of pages with charts that move what all of them show, and the same by the mouse."""

from __future__ import annotations

from rlrobo_tui.lens import PAN, Lens
from rlrobo_tui.run_view import RunView
from rlrobo_tui.screens.page import Page
from rlrobo_tui.widgets.chart_mouse import ChartMouse


class LensKeys(Page[None]):
    """Mix-in for such a page."""

    lens: Lens

    def draw(self) -> None:
        """Draw what is known already."""
        raise NotImplementedError

    def draw_charts(self) -> None:
        """Draw what the lens changes; a page that has much beside it draws less than all."""
        self.draw()

    def whole(self) -> RunView:
        """Return what lasts as long as all that the charts show."""
        raise NotImplementedError

    @property
    def columns(self) -> int:
        """Width of the area of lines."""
        raise NotImplementedError

    def action_inspect(self) -> None:
        """Show or hide the cursor."""
        self.lens.inspect(self.whole())
        self.draw_charts()

    def action_left(self) -> None:
        """Move to the left."""
        self._move(-1)

    def action_right(self) -> None:
        """Move to the right."""
        self._move(1)

    def action_zoom_in(self) -> None:
        """Show less."""
        self._zoom(2.0, about=self.lens.cursor)

    def action_zoom_out(self) -> None:
        """Show more."""
        self._zoom(0.5, about=self.lens.cursor)

    def action_follow(self) -> None:
        """Show everything."""
        self.lens.follow()
        self.draw_charts()

    def on_chart_mouse_zoomed(self, message: ChartMouse.Zoomed) -> None:
        """Zoom about the pointer."""
        self._zoom(message.factor, about=self._place(message.part))

    def on_chart_mouse_dragged(self, message: ChartMouse.Dragged) -> None:
        """Move the window so that what is drawn follows the pointer."""
        self.lens.pan(-message.part, self.whole())
        self.draw_charts()

    def on_chart_mouse_pointed(self, message: ChartMouse.Pointed) -> None:
        """Read values where the pointer was."""
        self.lens.cursor = self._place(message.part)
        self.draw_charts()

    def _place(self, part: float) -> float:
        first, last = self.lens.window(self.whole())
        return first + part * (last - first)

    def _move(self, direction: int) -> None:
        if self.lens.cursor is not None:
            self.lens.move_cursor(direction, self.whole(), width=self.columns)
        else:
            self.lens.pan(direction * PAN, self.whole())
        self.draw_charts()

    def _zoom(self, factor: float, *, about: float | None) -> None:
        self.lens.zoom(factor, self.whole(), about=about)
        self.draw_charts()
