"""A live chart of one metric: the raw envelope faint, its moving average strong, evaluations, restarts, the goal."""

from __future__ import annotations

import textwrap
from dataclasses import astuple, replace

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip

from rlrobo_tui.history import History
from rlrobo_tui.lens import Lens
from rlrobo_tui.run_view import RunView
from rlrobo_tui.series import Series
from rlrobo_tui.widgets.chart_mouse import ChartMouse
from rlrobo_tui.widgets.chart_plot import RETURN, ChartData, Inks, legend, make_plot, readout
from rlrobo_tui.widgets.plot import Area, Look
from rlrobo_tui.widgets.plot_drawing import area_of, draw


class Chart(ChartMouse, can_focus=True):
    """Draws again only when the data, the size or the style changed, and then only lines that are different."""

    def __init__(self, *, id: str, is_ascii: bool, classes: str = "") -> None:
        super().__init__(id=id, classes=classes)
        self.metric = RETURN
        self.target: float | None = None
        self.is_log = False
        self._is_ascii = is_ascii
        self._history: tuple[str, History] | None = None
        self._view, self._lens = RunView(), Lens()
        self.data: ChartData | None = None
        """What was drawn last."""
        self._drawn_from: tuple[object, ...] = ()
        self._strips: list[Strip] = []
        self._border = ("", "")

    def on_mount(self) -> None:
        """Take the colours of another theme at once."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.draw())

    def on_resize(self) -> None:
        """Fit into the new size."""
        self.draw()

    def show(self, view: RunView, lens: Lens) -> None:
        """Draw the metric's values from `view`."""
        self._view, self._lens = view, replace(lens)
        self.draw()

    def draw(self) -> None:
        """Draw, if that would change anything."""
        view, lens = self._view, self._lens
        series = view.series.get(self.metric, Series())
        drawn_from = (
            (self.metric, self.target, self.is_log, self.size, self.app.theme, astuple(lens), lens.window(view)),
            (len(series), series.num_rewinds, len(view.evaluations), len(view.restarts), view.status),
            len(view.not_finite.get(self.metric, ())),
        )
        if drawn_from == self._drawn_from or not self.size:
            return
        self._drawn_from = drawn_from
        history = self._history_of(lens.weight)
        history.update(series, view.restarts)
        self.data = data = ChartData(
            view=view, metric=self.metric, history=history, lens=lens, inks=self._inks(), target=self.target,
            is_log=self.is_log,
        )  # fmt: skip
        look = Look(axis=data.inks.axis, is_ascii=self._is_ascii)
        self._take(draw(make_plot(data), self.size.width, self.size.height, look).strips or self._reason(data))
        self._write_border(data)

    @property
    def area(self) -> Area:
        """Where its lines are, in cells."""
        return area_of(self.size.width, self.size.height)

    def render_line(self, y: int) -> Strip:
        """Return a line of what was drawn last."""
        # Without the ground the terminal's own would show, whatever the theme; without a style NO_COLOR's filter fails.
        ground = self.visual_style.rich_style
        return self._strips[y].apply_style(ground) if y < len(self._strips) else Strip.blank(self.size.width, ground)

    def _history_of(self, weight: float) -> History:
        if self._history is None or self._history[0] != self.metric:
            self._history = self.metric, History(weight)
        self._history[1].use(weight)
        return self._history[1]

    def _take(self, strips: list[Strip]) -> None:
        before, self._strips = self._strips, strips
        if len(before) != len(strips):
            self.refresh()
            return
        changed = [row for row, (old, new) in enumerate(zip(before, strips, strict=True)) if old != new]
        if changed:
            self.refresh(*(Region(0, row, self.size.width, 1) for row in changed))

    def _write_border(self, data: ChartData) -> None:
        signs = ["log"] if self.is_log else []
        if data.lens.width is not None:
            signs.append("part")
        title = " · ".join([self.metric, *signs])
        parts = legend(data) if data.lens.cursor is None else readout(data)
        while len(parts) > 1 and len(" · ".join(parts)) > self.size.width - 4:
            parts = parts[:-1]  # the first ones matter most
        subtitle = " · ".join(parts)
        if (title, subtitle) != self._border:  # setting them draws all of it again
            self._border = title, subtitle
            self.border_title, self.border_subtitle = title, subtitle

    def _reason(self, data: ChartData) -> list[Strip]:
        """Return what to wait for, or what to do, where there is nothing to draw."""
        if not len(data.history.steps) and data.view.status.is_over:
            text = f"{self.metric}: the run ended before there was a value."
        elif not len(data.history.steps):
            text = f"{self.metric}: no value yet; the first one comes when an episode or an update ends."
        elif self.is_log:
            text = "No value above 0 here; y draws the axis linearly."
        else:
            text = "No value in this part of the run; 0 shows all of it."
        width = max(1, self.size.width)
        lines = textwrap.wrap(text, width)
        return [Strip([Segment(line.ljust(width), data.inks.axis)], width) for line in lines[: self.size.height]]

    def _inks(self) -> Inks:
        variables = self.app.theme_variables

        def ink(name: str) -> Style:
            return Style(color=Color.parse(variables.get(name, "gray")).rich_color)

        return Inks(
            line=ink("primary"),
            faint=ink("faint"),
            mark=ink("accent"),
            best=ink("warning"),
            target=ink("success"),
            bad=ink("error"),
            axis=ink("muted"),
            has_color=not self.app.no_color,
            is_ascii=self._is_ascii,
        )
