"""Draw plots as text, natively: a few milliseconds for a million points. No widgets."""

import numpy as np

from rlrobo_tui.curves import even_axis, padded_limits, tick_labels, ticks
from rlrobo_tui.quantities import number
from rlrobo_tui.spans import Spans, spans
from rlrobo_tui.widgets.canvas import Canvas, bar_mask
from rlrobo_tui.widgets.plot import Area, Floats, Level, Line, Look, Picture, Plot

LABEL_COLUMNS = 6
"""Width of the value axis' labels; fixed, so that the chart does not jump when the numbers grow."""
END_COLUMNS = 8
"""Width of the labels at the ends of lines."""
MARK_GAP = 3
"""Chosen: columns from one mark to the next of the same height that leave the line visible between them."""
WIDE_COLUMNS = 48
"""chosen: a narrower chart has no room for labels at the ends of its lines."""
MIN_SIZE = (16, 3)
SMALLEST_RANGE = 1e-4
"""chosen: values that differ by a smaller part of themselves are equal but for rounding; labels could not tell them."""
LARGEST = 1e100
"""An axis reaches no farther: the distance of two values, and its ticks, must be numbers, too."""
LEVEL_REACH = 0.5
"""chosen: a level further from the data than this part of their range would squeeze them; an arrow points to it."""


def area_of(width: int, height: int) -> Area:
    """Return where the lines are in a picture of this size."""
    right = END_COLUMNS if width >= WIDE_COLUMNS else 0
    return Area(
        LABEL_COLUMNS + 1, max(1, width - LABEL_COLUMNS - 1 - right), max(1, height - (2 if height >= 8 else 1))
    )


def draw(plot: Plot, width: int, height: int, look: Look) -> Picture:
    """Return the plot as `height` lines of `width` cells."""
    if width < MIN_SIZE[0] or height < MIN_SIZE[1]:
        return Picture([])
    return _Drawing(plot, width, height, look).picture()


class _Drawing:
    def __init__(self, plot: Plot, width: int, height: int, look: Look) -> None:
        self._plot, self._look = plot, look
        self._canvas = Canvas(width, height)
        self._area = area_of(width, height)
        self._width, self._height = width, height

    def picture(self) -> Picture:
        first, last = self._plot.x_limits
        edges = np.linspace(first, last, self._area.width * self._look.dots_a_cell[1] + 1)
        covered = [self._spans(line, edges) for line in self._plot.lines]
        limits = self._value_limits(covered)
        if limits is None:
            return Picture([])
        self._low, self._high = limits
        self._ticks = self._make_ticks()
        self._draw_lines(covered)
        self._draw_levels()
        self._draw_marks()
        self._draw_rules()
        self._draw_axes()
        self._draw_ends(covered)
        return Picture(self._canvas.strips(), self._area)

    def _scaled(self, value: float) -> float:
        """Return a value as a height on the axis; NaN where a logarithmic axis has no place for it."""
        return float(np.log10(value)) if self._plot.is_log and value > 0 else np.nan if self._plot.is_log else value

    def _spans(self, line: Line, edges: Floats) -> Spans:
        if not self._plot.is_log:
            return spans(line.xs, line.ys, edges, breaks=line.breaks)
        is_kept = line.ys > 0
        breaks = np.cumsum(is_kept)[np.array(line.breaks, int) - 1].tolist() if line.breaks else []
        return spans(line.xs[is_kept], np.log10(line.ys[is_kept]), edges, breaks=breaks)

    def _value_limits(self, covered: list[Spans]) -> tuple[float, float] | None:
        first, last = self._plot.x_limits
        shown = [limit for each in covered if each.limits for limit in each.limits]
        marked = [self._scaled(mark.y) for mark in self._plot.marks if first <= mark.x <= last]
        shown += [value for value in marked if np.isfinite(value)]
        if not shown:
            return None
        reach = np.log10(LARGEST) if self._plot.is_log else LARGEST
        shown = np.clip(shown, -reach, reach).tolist()
        middle = (min(shown) + max(shown)) / 2
        if max(shown) - min(shown) <= max(SMALLEST_RANGE * abs(middle), 1 / LARGEST):
            shown = [middle]
        low, high = padded_limits(shown)
        room = LEVEL_REACH * (high - low)
        heights = [self._scaled(level.y) for level in self._plot.levels]
        near = [*shown, *(height for height in heights if low - room < height < high + room)]
        # A linear axis has air wherever its rows do not end at the data.
        return padded_limits(near) if self._plot.is_log or len(near) == 1 else (min(near), max(near))

    def _make_ticks(self) -> list[tuple[float, str]]:
        """Return height on the axis and label of each tick; a linear axis moves its limits so that rows fit them."""
        if self._plot.is_log:
            return self._log_ticks()
        if self._area.height < 3:
            values = ticks(self._low, self._high, num_ticks=2)
        else:
            self._low, self._high, values = even_axis(self._low, self._high, num_rows=self._area.height)
        return list(zip(values, tick_labels(values), strict=True))

    def _row(self, height: float) -> int | None:
        """Return the row of a height on the axis; None outside of it."""
        if not self._low <= height <= self._high:
            return None
        part = (self._high - height) / (self._high - self._low)
        return min(self._area.height - 1, round(part * (self._area.height - 1)))

    def _column(self, x: float) -> int | None:
        first, last = self._plot.x_limits
        if not first <= x <= last:
            return None
        return self._area.left + min(self._area.width - 1, int((x - first) / (last - first) * self._area.width))

    def _draw_lines(self, covered: list[Spans]) -> None:
        num_rows = self._area.height * self._look.dots_a_cell[0]
        for line, each in zip(self._plot.lines, covered, strict=True):
            low, high = ((side - self._low) / (self._high - self._low) for side in (each.low, each.high))
            mask = bar_mask(low, high, num_rows)
            if self._look.is_ascii:
                self._canvas.glyphs(self._area.left, 0, mask, line.texture.value, line.style)
            else:
                self._canvas.dots(self._area.left, 0, line.texture.of(mask), line.style)

    def _draw_levels(self) -> None:
        columns = range(self._area.left, self._area.left + self._area.width)
        for level in self._plot.levels:
            height = self._scaled(level.y)
            row = self._row(height)
            if row is not None:
                self._canvas.row(row, columns, level.glyph, level.style)
            elif np.isfinite(height):
                self._point_to(level, is_above=height > self._high)

    def _point_to(self, level: Level, *, is_above: bool) -> None:
        """Write where a level is that lies outside, at an end of the edge where nothing is drawn."""
        arrow = ("^" if is_above else "v") if self._look.is_ascii else ("↑" if is_above else "↓")
        words, row = f"{arrow} {level.label}", 0 if is_above else self._area.height - 1
        left = self._area.left + 1
        for column in (left, left + self._area.width - len(words) - 2):
            if self._canvas.is_free(column, row, len(words)):
                self._canvas.text(column, row, words, level.style)
                return

    def _draw_marks(self) -> None:
        """Draw the marks, the later ones first: of many side by side only some, which would be a bar over the line."""
        drawn: list[tuple[int, int]] = []
        for mark in reversed(self._plot.marks):
            row, column = self._row(self._scaled(mark.y)), self._column(mark.x)
            if row is None or column is None:
                continue
            if not any(abs(row - at[0]) <= 1 and abs(column - at[1]) < MARK_GAP for at in drawn):
                self._canvas.text(column, row, mark.glyph, mark.style)
                drawn.append((row, column))

    def _draw_rules(self) -> None:
        free_from = self._area.left
        for rule in self._plot.rules:
            column = self._column(rule.x)
            if column is None:
                continue
            self._canvas.column(column, range(self._area.height), rule.glyph, rule.style)
            start = min(column + 1, self._area.left + self._area.width - len(rule.label))
            if rule.label and start >= free_from and self._area.height >= 5:
                self._canvas.text(start, 0, rule.label, rule.style)
                free_from = start + len(rule.label) + 1

    def _draw_axes(self) -> None:
        area, axis = self._area, self._look.axis
        bar, tick, corner, flat, down = "|++-+" if self._look.is_ascii else "│┤└─┬"
        self._canvas.column(area.left - 1, range(area.height), bar, axis)
        for value, label in self._ticks:
            row = self._row(value)
            if row is not None:
                self._canvas.text(0, row, label[-LABEL_COLUMNS:].rjust(LABEL_COLUMNS) + tick, axis)
        has_line = area.height < self._height - 1
        if has_line:
            self._canvas.text(area.left - 1, area.height, corner + flat * area.width, axis)
        positions, labels = self._plot.make_x_ticks(*self._plot.x_limits, max(2, area.width // 14))
        free_from = 0
        for position, label in zip(positions, labels, strict=True):
            column = self._column(position)
            if column is None:
                continue
            start = max(0, min(column - len(label) // 2, self._width - len(label)))
            if has_line:
                self._canvas.text(column, area.height, down, axis)
            if start >= free_from:
                self._canvas.text(start, self._height - 1, label, axis)
                free_from = start + len(label) + 1

    def _log_ticks(self) -> list[tuple[float, str]]:
        num_ticks = max(2, self._area.height // 4)
        factors = (1, 2, 5) if self._high - self._low < num_ticks / 2 else (1,)
        powers = range(int(np.floor(self._low)), int(np.ceil(self._high)) + 1)
        values = [factor * 10.0**power for power in powers for factor in factors]
        return [(float(np.log10(value)), f"{value:g}" if 0.001 <= value < 1e4 else number(value)) for value in values]

    def _draw_ends(self, covered: list[Spans]) -> None:
        """Write each line's label beside its end; of two in one row the later one, which lies on top."""
        left = self._area.left + self._area.width
        if self._width - left < END_COLUMNS:
            return
        for line, each in zip(self._plot.lines, covered, strict=True):
            drawn = np.flatnonzero(~np.isnan(each.low))
            if line.label and len(drawn):
                row = self._row(float(each.low[drawn[-1]] / 2 + each.high[drawn[-1]] / 2))
                if row is not None:
                    self._canvas.text(left + 1, row, line.label[: END_COLUMNS - 1].ljust(END_COLUMNS - 1), line.style)
