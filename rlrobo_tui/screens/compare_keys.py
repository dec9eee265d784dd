"""The keys of the page that compares runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.protocol.run_dir import RunDir
from rlrobo_tui.comparison import Curve
from rlrobo_tui.lens import FREE_AXES, XAxis
from rlrobo_tui.memory import CompareMemory
from rlrobo_tui.run_view import RunView
from rlrobo_tui.screens.dialogs import PickMetric
from rlrobo_tui.screens.lens_keys import LensKeys
from rlrobo_tui.screens.links import GoTo, OpenRun
from rlrobo_tui.widgets.status_bar import KPIS


class CompareKeys(LensKeys):
    """Mix-in for the page."""

    span: RunView
    """Lasts as long as all runs together."""
    known_metrics: list[str]
    """Those that a run has."""
    curves: list[Curve]
    cursor: int
    """Index of the selected curve."""
    hidden: set[tuple[str, ...]]
    """Ids of the runs of each curve that is not drawn."""
    runs_dir: Path

    def ask(self) -> None:
        """Compute the curves anew."""
        raise NotImplementedError

    @property
    def has_costs(self) -> bool:
        """Whether a run was trained at a price."""
        raise NotImplementedError

    @property
    def axes(self) -> Sequence[XAxis]:
        """What curves can be drawn over."""
        return (*FREE_AXES, XAxis.COST) if self.has_costs else FREE_AXES

    def whole(self) -> RunView:
        """Return what lasts as long as all runs together."""
        return self.span

    @property
    def memory(self) -> CompareMemory:
        """What is remembered of the page."""
        return self.rlrobo.memory.compare

    def action_back(self) -> None:
        """Go back to the list."""
        self.post_message(GoTo("runs"))

    def action_open(self) -> None:
        """Watch the selected run."""
        if self.run_id:
            self.post_message(OpenRun(RunDir(self.runs_dir / self.run_id)))

    def action_next_metric(self) -> None:
        """Compare the next key metric that a run has."""
        names = [name for name, _ in KPIS if name in self.known_metrics] or self.known_metrics
        if names:
            current = self.memory.metric
            self._use_metric(names[(names.index(current) + 1) % len(names)] if current in names else names[0])

    def action_pick_metric(self) -> None:
        """Choose the metric from all."""
        if self.known_metrics:
            self.app.push_screen(PickMetric(self.known_metrics, current=self.memory.metric), self._use_metric)

    def action_aggregate(self) -> None:
        """Draw means over seeds, or each run."""
        self.memory.is_aggregated = not self.memory.is_aggregated
        self.cursor = 0
        self.ask()

    def action_band(self) -> None:
        """Show or hide intervals."""
        self.memory.has_band = not self.memory.has_band
        self.draw()

    def action_smooth(self) -> None:
        """Use the next moving average."""
        self.lens.use_next_smoothing()
        self.memory.smoothing = self.lens.weight
        self.ask()

    def action_hide(self) -> None:
        """Hide the selected line, or show it again."""
        if self.curves:
            self.hidden ^= {self.curves[self.cursor].ids}
            self.draw()

    def action_x_axis(self) -> None:
        """Draw over something else."""
        if not self.has_costs and self.lens.x_axis is FREE_AXES[-1]:
            self.notify("Not over cost: these runs were trained here, at no price.")
        self.lens.use_next_axis(self.axes)
        self.memory.x_axis = self.lens.x_axis.value
        self.ask()

    def action_table(self) -> None:
        """Show or hide the table."""
        self.memory.has_table = not self.memory.has_table
        self.draw()

    def action_diff(self) -> None:
        """Show or hide what the configurations do not have in common."""
        self.memory.has_diff = not self.memory.has_diff
        self.draw()

    def action_down(self) -> None:
        """Select the next line."""
        self._select(self.cursor + 1)

    def action_up(self) -> None:
        """Select the previous line."""
        self._select(self.cursor - 1)

    def _use_metric(self, metric: str | None) -> None:
        if metric is not None:
            self.memory.metric = metric
            self.ask()

    def _select(self, index: int) -> None:
        if self.curves:
            self.cursor = max(0, min(index, len(self.curves) - 1))
            self.rlrobo.current = RunDir(self.runs_dir / self.run_id)
            self.draw()
