"""A plot of several runs that the mouse can zoom and point into, as in a chart of one run."""

from __future__ import annotations

from textual import events

from rlrobo_tui.widgets.chart import Chart
from rlrobo_tui.widgets.plot import Area, area_of
from rlrobo_tui.widgets.plot_view import PlotView


class Overlay(PlotView):
    """Posts the messages of a chart."""

    @property
    def area(self) -> Area:
        """Where its lines are, in cells."""
        return area_of(self.size.width, self.size.height)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in."""
        event.stop()
        self.post_message(Chart.Zoomed(1.25))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out."""
        event.stop()
        self.post_message(Chart.Zoomed(0.8))

    def on_click(self, event: events.Click) -> None:
        """Read the values there."""
        offset = event.get_content_offset(self)
        if offset is not None and 0 <= offset.x - self.area.left < self.area.width:
            self.post_message(Chart.Pointed((offset.x - self.area.left + 0.5) / self.area.width))
