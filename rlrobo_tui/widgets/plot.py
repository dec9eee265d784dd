"""What a plot is: lines, marks, rules and levels, and how they look. plot_drawing.py draws it. No widgets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from textual.strip import Strip

from rlrobo_tui.widgets.canvas import Mask, textured

Floats = NDArray[np.float64]


class Texture(Enum):
    """How a line is told from the others where there is no colour; its ASCII character, and the dots it keeps."""

    SOLID = "*"
    DASHED = "="
    DOTTED = ":"
    SPARSE = "."

    def of(self, mask: Mask) -> Mask:
        """Return the dots of a braille line with this texture."""
        keep: dict[Texture, Callable[[NDArray[np.intp], NDArray[np.intp]], Mask]] = {
            Texture.DASHED: lambda rows, columns: (columns % 8 < 5) & (rows >= 0),
            Texture.DOTTED: lambda rows, columns: (columns % 4 < 2) & (rows >= 0),
            Texture.SPARSE: lambda rows, columns: (columns % 2 == 0) & ((rows + columns // 2) % 2 == 0),
        }
        return mask if self is Texture.SOLID else textured(mask, keep[self])


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line through points."""

    xs: Floats
    """Ascending, shape (num_points,)."""
    ys: Floats
    style: Style
    texture: Texture = Texture.SOLID
    breaks: Sequence[int] = ()
    """Indices that the line does not reach from the point before."""
    label: str = ""
    """Written at its right end."""


@dataclass(frozen=True)
class Mark:
    """A character at a point."""

    x: float
    y: float
    glyph: str
    style: Style


@dataclass(frozen=True)
class Rule:
    """A vertical line, with words at its top."""

    x: float
    glyph: str
    style: Style
    label: str = ""


@dataclass(frozen=True)
class Level:
    """A horizontal line at a value; where that is far from the data, its label with an arrow at the edge."""

    y: float
    glyph: str
    style: Style
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What is drawn; later lines and marks lie on earlier ones."""

    x_limits: tuple[float, float]
    make_x_ticks: Callable[[float, float, int], tuple[list[float], list[str]]]
    """Takes both limits and about how many ticks; returns positions and labels."""
    lines: Sequence[Line] = ()
    marks: Sequence[Mark] = ()
    rules: Sequence[Rule] = ()
    levels: Sequence[Level] = ()
    is_log: bool = False
    """Whether the values' axis is logarithmic; values that are not above 0 are left out."""


@dataclass(frozen=True)
class Look:
    """How it is drawn, whatever it is."""

    axis: Style = field(default_factory=Style.null)
    is_ascii: bool = False

    @property
    def dots_a_cell(self) -> tuple[int, int]:
        """Rows and columns of dots in a character."""
        return (1, 1) if self.is_ascii else (4, 2)


@dataclass(frozen=True)
class Area:
    """Where the lines are on the canvas, in cells."""

    left: int
    width: int
    height: int


@dataclass(frozen=True)
class Picture:
    """A drawn plot."""

    strips: list[Strip]
    area: Area | None = None
    """None: there was nothing to draw, or no room."""
