"""Key numbers as one line each: what charts become where every byte counts."""

import numpy as np
from textual.content import Content
from textual.widgets import Static

from rlrobo_tui.quantities import number
from rlrobo_tui.run_view import RunView
from rlrobo_tui.series import Series
from rlrobo_tui.spans import spans
from rlrobo_tui.widgets.status_bar import key_numbers

_LEVELS = ("▁▂▃▄▅▆▇█", "_.-=+*%#")
_LABEL_COLUMNS = 12
_VALUE_COLUMNS = 9


class Sparklines(Static):
    """One line a metric, over the whole run."""

    _shown: tuple[RunView, bool] | None = None

    def on_resize(self) -> None:
        """Show as many lines, as long, as there is room for now."""
        if self._shown is not None and self.content_size:
            view, is_ascii = self._shown
            self.show(view, is_ascii=is_ascii)

    def show(self, view: RunView, *, is_ascii: bool) -> None:
        """Draw as many key numbers as there is room for."""
        self._shown = view, is_ascii
        width = max(1, self.content_size.width - _LABEL_COLUMNS - _VALUE_COLUMNS)
        lines = [
            Content.assemble(
                (label.ljust(_LABEL_COLUMNS), "$muted"),
                (sparkline(view.series[metric], width=width, is_ascii=is_ascii), "$primary"),
                (number(view.latest(metric)).rjust(_VALUE_COLUMNS), "bold"),
            )
            for metric, label in key_numbers(view)[: max(1, self.content_size.height)]
        ]
        text = Content("\n").join(lines) if lines else Content.styled("no numbers yet", "$muted")
        if text != self.content:
            self.update(text, layout=False)


def sparkline(series: Series, *, width: int, is_ascii: bool) -> str:
    """Return the mean of the lowest and highest value in each of `width` parts as bars; a blank without values."""
    levels = _LEVELS[is_ascii]
    rows = np.frombuffer(series.rows_from(0)).reshape(-1, 3)
    steps, values = rows[:, 0], np.ascontiguousarray(rows[:, 2])
    covered = spans(steps, values, np.linspace(min(0.0, steps[0]), max(1.0, steps[-1]), width + 1))
    middle = (covered.low + covered.high) / 2
    low, high = float(np.nanmin(middle)), float(np.nanmax(middle))
    heights = np.nan_to_num((middle - low) / ((high - low) or 1.0)) * (len(levels) - 1)
    blank = np.isnan(middle)
    return "".join(" " if blank[index] else levels[round(height)] for index, height in enumerate(heights))
