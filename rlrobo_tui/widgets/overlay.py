"""A plot of several runs that the mouse moves, as a chart of one run."""

from __future__ import annotations

from rlrobo_tui.widgets.chart_mouse import ChartMouse
from rlrobo_tui.widgets.plot import Area
from rlrobo_tui.widgets.plot_drawing import area_of
from rlrobo_tui.widgets.plot_view import PlotView


class Overlay(ChartMouse, PlotView):
    """Posts the messages of a chart."""

    @property
    def area(self) -> Area:
        """Where its lines are, in cells."""
        return area_of(self.size.width, self.size.height)
