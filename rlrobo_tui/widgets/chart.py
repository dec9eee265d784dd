"""A live chart of one metric: raw values faint, their moving average strong, evaluations, the best, the goal."""

from rich.text import Text
from textual.color import Color
from textual.widget import Widget

from rlrobo_tui.curves import Smoother
from rlrobo_tui.quantities import count, number
from rlrobo_tui.run_view import RunView
from rlrobo_tui.widgets.figure import Curve, Palette, Rgb, Style, draw

RETURN = "rollout/ep_rew_mean"
RETURN_METRICS = (RETURN, "eval/return_mean")
"""Metrics that share their scale with evaluations and with a task's solved return."""
SUCCESS_METRICS = ("rollout/success_rate", "eval/success_rate")
"""Metrics that share their scale with the success of evaluations."""


class Chart(Widget):
    """Draws again only when the data, the size or the style changed."""

    def __init__(self, *, id: str, is_ascii: bool) -> None:
        super().__init__(id=id)
        self.metric = RETURN
        self.weight = 0.9
        self.target: float | None = None
        self._is_ascii = is_ascii
        self._smoother = Smoother(0.9)
        self._smoothed: tuple[str, float, int] | None = None
        self._curve = Curve()
        self._legend: list[str] = []
        self._seen: tuple[object, ...] = ()
        self._drawn: tuple[tuple[object, ...], Text] | None = None

    def show(self, view: RunView) -> None:
        """Take the metric's values from `view`."""
        series = view.series.get(self.metric)
        seen = (self.metric, self.weight, series and (len(series), series.num_rewinds), len(view.evaluations))
        if seen == self._seen and self._drawn is not None:
            return
        self._seen = seen
        self._curve = self._make_curve(view)
        self._legend = self._make_legend(number(view.latest(self.metric)))
        self._write_border()
        self.refresh()

    def on_resize(self) -> None:
        """Fit the legend into the new width."""
        self._write_border()

    def render(self) -> Text:
        """Return the chart, or what to wait for."""
        style = self._style()
        key = (self._seen, self.size, style)
        if self._drawn is None or self._drawn[0] != key:
            frame = draw(self._curve, width=self.size.width, height=self.size.height, style=style)
            self._drawn = (key, Text.from_ansi(frame) if frame else self._reason())
        return self._drawn[1]

    def _make_curve(self, view: RunView) -> Curve:
        series = view.series.get(self.metric)
        if not series:
            return Curve()
        steps, raw = series.columns()
        key = (self.metric, self.weight, series.num_rewinds)
        if key != self._smoothed:
            self._smoothed, self._smoother = key, Smoother(self.weight)
        is_return = self.metric in RETURN_METRICS
        best = view.best if is_return else None
        return Curve(
            steps=steps,
            raw=raw,
            smooth=self._smoother.extend(raw) if self.weight else None,
            marks=self._marks(view),
            best=(best.step, best.return_mean) if best else None,
            target=self.target if is_return else None,
        )

    def _marks(self, view: RunView) -> list[tuple[float, float]]:
        """Return step and value of each evaluation, for metrics on whose scale they are."""
        if self.metric in RETURN_METRICS:
            return [(event.step, event.return_mean) for event in view.evaluations]
        if self.metric in SUCCESS_METRICS:
            return [(event.step, event.success_rate) for event in view.evaluations if event.success_rate is not None]
        return []

    def _write_border(self) -> None:
        self.border_title = self.metric
        self.border_subtitle = self._fit(self._legend)

    def _make_legend(self, latest: str) -> list[str]:
        curve, style = self._curve, self._style()
        if not curve.steps:
            return []
        if curve.smooth is None:
            parts = [f"raw {latest}"]
        else:
            average = curve.smooth[-1] if curve.smooth else None
            parts = [f"EMA {self.weight:g}: {number(average)}", f"raw {latest}"]
        if curve.marks:
            parts.append(f"{style.mark} eval")
        if curve.best:
            parts.append(f"{style.best} best {number(curve.best[1])} at {count(curve.best[0])}")
        if curve.target is not None:
            parts.append(f"┈ solved {curve.target:g}")
        return parts

    def _fit(self, parts: list[str]) -> str:
        """Join as many parts as the border has room for; the first ones matter most."""
        while len(parts) > 1 and len(" · ".join(parts)) > self.size.width - 4:
            parts = parts[:-1]
        return " · ".join(parts)

    def _reason(self) -> Text:
        if self._curve.steps:
            return Text("")
        return Text(f"{self.metric}: no value yet; the first one comes when an episode or an update ends.", "dim")

    def _style(self) -> Style:
        variables = self.app.theme_variables

        def rgb(name: str) -> Rgb:
            return Color.parse(variables.get(name, "gray")).rgb

        palette = Palette(
            line=rgb("primary"),
            faint=rgb("faint"),
            mark=rgb("accent"),
            best=rgb("warning"),
            target=rgb("success"),
            axis=rgb("muted"),
        )
        return Style(palette=palette, is_ascii=self._is_ascii, has_color=not self.app.no_color)
