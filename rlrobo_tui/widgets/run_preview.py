"""The selected run beside the list: a small chart, what it changed, what happened last. Reads it in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static
from textual.worker import get_current_worker

from engine.protocol.run_dir import RunDir
from engine.protocol.summary import RunSummary
from rlrobo_tui.curves import tick_labels, ticks
from rlrobo_tui.quantities import clock, number
from rlrobo_tui.run_list import RETURN
from rlrobo_tui.run_preview import Preview, read_preview
from rlrobo_tui.widgets.plot_view import PlotView
from rlrobo_tui.widgets.text_bars import cut

LONGEST_VALUE = 16
DELAY_S = 0.12
"""chosen: a cursor that runs through the list reads nothing on its way."""


class RunPreview(Vertical):
    """Empty until a run is selected and read."""

    class Read(Message):
        """A run was read."""

        def __init__(self, preview: Preview) -> None:
            super().__init__()
            self.preview = preview

    def __init__(self, *, id: str, is_ascii: bool) -> None:
        super().__init__(id=id)
        self._is_ascii = is_ascii
        self._preview: Preview | None = None
        self._wanted: tuple[str, float | None] = ("", None)
        """Id of the run to show, and the time of its last event."""
        self._timer: Timer | None = None

    def follow(self, selected: RunSummary, runs: Sequence[RunSummary]) -> None:
        """Show `selected` soon, if it is another run or went on; `runs` are those that it may be compared with."""
        wanted = (selected.id, selected.updated_at)
        if wanted == self._wanted:
            return
        self._wanted = wanted
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(DELAY_S, lambda: self._begin(selected, runs))

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        yield PlotView(id="preview-chart", is_ascii=self._is_ascii)
        yield Static(id="preview-diff")
        yield Static(id="preview-events")

    def on_resize(self) -> None:
        """Fit the lines into the new width."""
        if self._preview is not None:
            self.show(self._preview)

    def on_run_preview_read(self, message: Read) -> None:
        """Show what the thread has read, where that is still the run to show."""
        if message.preview.run_id == self._wanted[0]:
            self.show(message.preview)

    def show(self, preview: Preview) -> None:
        """Show a run."""
        self._preview = preview
        self._draw_chart(preview)
        diff, log = self.query_one("#preview-diff", Static), self.query_one("#preview-events", Static)
        diff.border_title = "changed" if preview.before_id else "configuration"
        diff.update(self._diff(preview))
        log.border_title = "last events"
        log.update(self._events(preview))

    def _begin(self, selected: RunSummary, runs: Sequence[RunSummary]) -> None:
        older = [run for run in runs if run.id < selected.id and run.task == selected.task]
        before = RunDir(Path(max(older, key=lambda run: run.id).dir)) if older else None
        self._read(RunDir(Path(selected.dir)), before)

    @work(thread=True, exclusive=True, group="preview")
    def _read(self, run: RunDir, before: RunDir | None) -> None:
        worker = get_current_worker()
        try:
            preview = read_preview(run, before)
        except OSError:  # deleted right now
            return
        if not worker.is_cancelled:
            self.post_message(self.Read(preview))

    def _draw_chart(self, preview: Preview) -> None:
        chart = self.query_one("#preview-chart", PlotView)
        chart.border_title = RETURN
        if len(preview.points) < 2:
            chart.show(None)
            chart.border_subtitle = "no return yet"
            return
        import numpy as np

        from rlrobo_tui.widgets.plot import Line, Plot

        chart.border_subtitle = ""
        xs, ys = np.array(preview.points, float).T
        line = Line(xs=xs, ys=ys, style=chart.ink("primary"), label=number(float(ys[-1])))
        chart.show(Plot(x_limits=(min(0.0, float(xs[0])), float(xs[-1])), make_x_ticks=_ticks, lines=[line]))

    def _diff(self, preview: Preview) -> Content:
        width = max(20, self.size.width - 4)
        if not preview.before_id:
            return Content.styled("No earlier run to compare with.", "$muted")
        lines = [Content.styled(cut(f"against {preview.before_id.partition('-')[2]}", width), "$muted")]
        for key, (before, now) in preview.changes.items():
            values = f"{_short(before)} → {_short(now)}"
            name = cut(key, max(8, width - len(values) - 1))
            lines.append(Content.assemble((name, ""), " ", (values, "$accent")))
        return Content("\n").join(lines if preview.changes else [*lines, Content("nothing: the same configuration")])

    def _events(self, preview: Preview) -> Content:
        lines = [
            Content.assemble(
                (clock(line.time), "$muted"), " ", (line.text, "$warning" if line.kind == "warning" else "")
            )
            for line in preview.events
        ]
        return Content("\n").join(lines) if lines else Content.styled("none yet", "$muted")


def _ticks(first: float, last: float, num_ticks: int) -> tuple[list[float], list[str]]:
    positions = ticks(first, last, num_ticks=num_ticks)
    return positions, tick_labels(positions)


def _short(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}…"
