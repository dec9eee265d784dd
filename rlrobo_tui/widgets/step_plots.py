"""What the last steps of a replayed episode were made of: reward terms, stacked, and the actions.

A column is a control step, the newest at the right.
"""

from itertools import groupby

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from rlrobo_tui.half_blocks import HALF_BLOCK
from rlrobo_tui.quantities import number
from rlrobo_tui.step_history import (
    ASCII_LEVELS,
    LEVELS,
    NOTHING,
    Steps,
    largest_terms,
    level_bar,
    stacked,
    values_of,
)

COLORS = ("primary", "accent", "success", "warning", "error", "secondary")
TEXTURES = "#=+o%."
"""For terminals without colour; as many as there are colours and terms."""
NAME_WIDTH = 14


class StepPlot(Widget):
    """A plot that is drawn from a history of steps."""

    def show(self, steps: Steps) -> None:
        """Draw these steps."""
        self._lines = self.draw(steps)
        self.refresh()

    def on_mount(self) -> None:
        """Begin with nothing."""
        self._lines: list[Strip] = []
        self._ground = Style.null()

    def draw(self, steps: Steps) -> list[Strip]:
        """Return the lines of the plot."""
        raise NotImplementedError

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines within `crop`."""
        self._ground = self.rich_style  # computed once for all lines: it costs more than a line
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return line `y`."""
        line = self._lines[y] if y < len(self._lines) else Strip.blank(0, self._ground)
        return line.adjust_cell_length(self.size.width, self._ground)

    @property
    def is_ascii(self) -> bool:
        """Whether only ASCII characters are drawn."""
        return self.app.is_ascii  # type: ignore[attr-defined]

    @property
    def has_textures(self) -> bool:
        """Whether colours cannot tell things apart here."""
        return self.app.no_color or self.is_ascii

    def style(self, name: str, on: str = "") -> Style:
        """Return the style of a variable of the theme, on another one."""
        variables = self.app.theme_variables
        colors = [Color.parse(variables.get(each, "gray")).rich_color if each else None for each in (name, on)]
        return Style(color=colors[0], bgcolor=colors[1])


class RewardPlot(StepPlot):
    """Weighted reward terms of each step, those below zero under the line."""

    def draw(self, steps: Steps) -> list[Strip]:
        """Return a legend with the last step's values, then the stacks."""
        latest = steps.terms[-self.size.width :]
        names = largest_terms(latest)
        if not names or self.size.height < 2:
            return []
        values = [values_of(step, names) for step in latest]
        legend = self._legend(names, values[-1])
        rows = self.size.height - len(legend)
        if self.has_textures:
            columns = stacked(values, rows)
            glyphs = {NOTHING: " ", **dict(enumerate(TEXTURES))}
            lines = ["".join(glyphs[column[row]] for column in columns) for row in range(rows)]
            return [*legend, *(Strip([Segment(line, self.rich_style)]) for line in lines)]
        columns = stacked(values, 2 * rows)
        halves = [[(column[2 * row], column[2 * row + 1]) for column in columns] for row in range(rows)]
        return [*legend, *(self._colored(cells) for cells in halves)]

    def _colored(self, cells: list[tuple[int, int]]) -> Strip:
        """Return a row of cells, each with the term of its upper and of its lower half."""
        segments = []
        for (upper, lower), alike in groupby(cells):
            colors = [COLORS[index] if index != NOTHING else "background" for index in (upper, lower)]
            glyph = " " if upper == lower else HALF_BLOCK
            segments.append(Segment(glyph * len([*alike]), self.style(*colors)))
        return Strip(segments)

    def _legend(self, names: list[str], values: list[float]) -> list[Strip]:
        """Return each term with its value, on as few lines as possible and on a third of all at most."""
        lines: list[list[Segment]] = [[]]
        used = 0
        for index, (name, value) in enumerate(zip(names, values, strict=True)):
            mark = TEXTURES[index] if self.has_textures else "■"
            text = f" {name} {'+' if value > 0 else ''}{number(value)}"
            if used and used + 1 + len(text) > self.size.width:
                lines.append([])
                used = 0
            used += 3 + len(text)
            lines[-1] += [Segment(mark, self.style(COLORS[index])), Segment(f"{text}  ", self.style("muted"))]
        return [Strip(line) for line in lines[: max(1, self.size.height // 3)]]


class ActionPlot(StepPlot):
    """Each number of the actions, from its lowest to its highest value."""

    names: tuple[str, ...] = ()

    def draw(self, steps: Steps) -> list[Strip]:
        """Return a line for each number; side by side where there are more than lines."""
        actions = steps.actions
        size, height = len(actions[-1]) if actions else 0, max(1, self.size.height)
        if not size:
            return []
        num_columns = -(-size // height)
        width = self.size.width // num_columns
        largest = max(abs(value) for action in actions for value in action)
        limit = max(1.0, largest)
        levels = ASCII_LEVELS if self.is_ascii else LEVELS
        lines: list[list[Segment]] = [[] for _ in range(min(size, height))]
        for index in range(size):
            name = self.names[index] if index < len(self.names) else f"action {index}"
            bar_width = max(1, width - NAME_WIDTH - 2)
            bar = level_bar([action[index] for action in actions[-bar_width:]], limit=limit, levels=levels)
            lines[index % height] += [
                Segment(_cut(name).ljust(NAME_WIDTH) + " ", self.style("muted")),
                Segment(bar.rjust(bar_width) + " ", self.style("primary")),
            ]
        return [Strip(line) for line in lines]


def _cut(name: str) -> str:
    """Drop what all joints share, then the middle."""
    short = name.removesuffix("_joint")
    return short if len(short) <= NAME_WIDTH else f"{short[: NAME_WIDTH - 4]}…{short[-3:]}"
