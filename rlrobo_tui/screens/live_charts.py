"""The keys of the live page that change what its charts and panels show, and nothing else."""

from __future__ import annotations

from textual.widget import Widget

from rlrobo_tui.lens import FREE_AXES, XAxis
from rlrobo_tui.memory import LiveMemory
from rlrobo_tui.run_view import RunView
from rlrobo_tui.screens.dialogs import PickMetric
from rlrobo_tui.screens.lens_keys import LensKeys
from rlrobo_tui.widgets.chart import Chart
from rlrobo_tui.widgets.side_panel import SidePanel
from rlrobo_tui.widgets.status_bar import key_numbers

LAYOUTS = ("balanced", "dense", "focus")
PANEL = "panel"
"""Class of what can have the focus and the whole screen."""


class ChartKeys(LensKeys):
    """Mix-in for the live page."""

    view: RunView

    @property
    def _live_memory(self) -> LiveMemory:
        return self.rlrobo.memory.live

    @property
    def chart(self) -> Chart:
        """The chart that keys are about: the focused one, else the large one."""
        return self.focused if isinstance(self.focused, Chart) else self.query_one("#main-chart", Chart)

    @property
    def columns(self) -> int:
        """Width of the chart's area of lines."""
        return self.chart.area.width

    def whole(self) -> RunView:
        """Return the run."""
        return self.view

    @property
    def is_full(self) -> bool:
        """Whether one panel has the whole screen."""
        return self.has_class("-full")

    def restore(self) -> None:
        """Take over what the user chose the last time."""
        memory = self._live_memory
        self.lens.weight = memory.smoothing
        self.lens.x_axis = next((axis for axis in FREE_AXES if axis.value == memory.x_axis), XAxis.STEPS)
        self._use_layout(memory.layout if memory.layout in LAYOUTS else LAYOUTS[0])

    def chosen_metrics(self) -> list[str]:
        """Return what each chart shows by the user's choice, the large one first; empty where the app chooses."""
        num_small = len(self.query(Chart)) - 1
        charts = [*self._live_memory.charts, *[""] * num_small][:num_small]
        return [self._live_memory.metric, *charts]

    def action_next_metric(self) -> None:
        """Chart the next key metric that the run has."""
        names = [name for name, _ in key_numbers(self.view)]
        if names:
            current = self.chart.metric
            self._choose(names[(names.index(current) + 1) % len(names)] if current in names else names[0])

    def action_pick_metric(self) -> None:
        """Choose the charted metric from all."""
        if self.view.series:
            self.app.push_screen(PickMetric(sorted(self.view.series), current=self.chart.metric), self._choose)

    def action_log_axis(self) -> None:
        """Change the focused chart's axis."""
        metric, chosen = self.chart.metric, self._live_memory.log
        self._live_memory.log = [name for name in chosen if name != metric] if metric in chosen else [*chosen, metric]
        self.draw_charts()

    def action_x_axis(self) -> None:
        """Draw over something else."""
        self.lens.use_next_axis()
        self._live_memory.x_axis = self.lens.x_axis.value
        self.notify(f"Charts are drawn over {self.lens.x_axis.value}.")
        self.draw_charts()

    def action_smooth(self) -> None:
        """Use the next moving average."""
        self.lens.use_next_smoothing()
        self._live_memory.smoothing = self.lens.weight
        self.draw_charts()

    def action_full(self) -> None:
        """Give the focused panel all the room, or take it back."""
        panel = self.focused if self.focused is not None and self.focused.has_class(PANEL) else self.chart
        must_fill = not self.is_full
        self.set_class(must_fill, "-full")
        for each in self.query(f".{PANEL}"):
            each.set_class(must_fill and each is panel, "-chosen")
            each.set_class(must_fill and each is not panel, "-hidden")
        for holder in self.query("#body, #left, #charts, #small-charts"):
            holder.set_class(must_fill and panel not in holder.walk_children(), "-hidden")
            holder.set_class(must_fill and panel in holder.walk_children(), "-holds")
        self.call_after_refresh(self.draw)

    def action_layout(self) -> None:
        """Use the next layout."""
        if self.is_full:
            self.action_full()
        layout = LAYOUTS[(LAYOUTS.index(self._live_memory.layout) + 1) % len(LAYOUTS)]
        self._use_layout(layout)
        self.notify(f"Layout: {layout}.")
        self.call_after_refresh(self.draw)

    def action_next_panel(self) -> None:
        """Focus the next panel."""
        self.focus_next(f".{PANEL}")

    def action_previous_panel(self) -> None:
        """Focus the panel before."""
        self.focus_previous(f".{PANEL}")

    def action_down(self) -> None:
        """Scroll down what can be scrolled."""
        self.query_one(SidePanel).scroll_down(animate=False)

    def action_up(self) -> None:
        """Scroll up what can be scrolled."""
        self.query_one(SidePanel).scroll_up(animate=False)

    def _choose(self, metric: str | None) -> None:
        if metric is None:
            return
        index = list(self.query(Chart)).index(self.chart)
        if index:
            charts = self.chosen_metrics()[1:]
            charts[index - 1] = metric
            self._live_memory.charts = charts
        else:
            self._live_memory.metric = metric
        self.draw_charts()

    def _use_layout(self, layout: str) -> None:
        self._live_memory.layout = layout
        for each in LAYOUTS:
            self.set_class(each == layout, f"-{each}")


def is_shown(widget: Widget) -> bool:
    """Whether a widget has a place on the screen."""
    return widget.display and widget.is_on_screen
