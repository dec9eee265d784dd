"""Charts as lines of text, drawn by plotext. Lines are told apart by letters on them, whatever the terminal shows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotext

from rlrobo_tui.comparison import Curve
from rlrobo_tui.curves import decimate, padded_limits, tick_labels, ticks

LETTERS = "ABCDEFGH"
NUM_LETTERS = 5
"""How often a line carries its letter."""
_TO_ASCII = str.maketrans("┌┐└┘─│┤├┬┴┼", "++++-|+++++")


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """How a chart is drawn."""

    width: int
    """Columns."""
    height: int
    """Lines."""
    ascii_only: bool
    has_colour: bool


def draw(lines: Sequence[Curve], canvas: Canvas) -> str:
    """Draw lines, each with values, as one chart."""
    # plotext's time grows with its input, so it never gets more than it can show.
    thinned = [
        decimate(line.xs.tolist(), line.ys.tolist(), num_columns=canvas.width, first=line.xs[0], last=line.xs[-1])
        for line in lines
    ]
    figure = plotext.figure
    figure.clear()
    plotext.terminal.limit(False, False)
    figure.plot_size(canvas.width, canvas.height)
    figure.theme("simple" if canvas.has_colour else "colorless")
    first, last = min(xs[0] for xs, _ in thinned), max(xs[-1] for xs, _ in thinned)
    _set_axis("x", (first, last) if first < last else padded_limits([first]), canvas.width // 12)
    _set_axis("y", padded_limits([value for _, ys in thinned for value in ys]), canvas.height // 3)
    for xs, ys in thinned:
        signal = figure.signal(xs, ys, marker="*" if canvas.ascii_only else "braille")
        signal.lines()
        figure.draw(signal)
    if len(lines) > 1:
        for index, (line, letter) in enumerate(zip(lines, LETTERS, strict=False)):
            _put_letters(line, letter, shift=index / len(lines))
    text = str(figure.build().string()).rstrip()
    if not canvas.has_colour:
        text = plotext.uncolorize(text)
    return text.translate(_TO_ASCII) if canvas.ascii_only else text


def _put_letters(line: Curve, letter: str, *, shift: float) -> None:
    """Put its letter on a line, at places that differ from those of other lines, and at its end."""
    places = (np.arange(NUM_LETTERS) + 0.2 + 0.6 * shift) / NUM_LETTERS
    xs = [*(line.xs[0] + places * (line.xs[-1] - line.xs[0])).tolist(), float(line.xs[-1])]
    plotext.figure.draw(plotext.figure.signal(xs, np.interp(xs, line.xs, line.ys).tolist(), marker=letter))


def _set_axis(axis: str, limits: tuple[float, float], num_ticks: int) -> None:
    positions = ticks(*limits, num_ticks=max(3, num_ticks))
    ruler = plotext.figure.ruler(axis)
    ruler.lim(*limits)
    ruler.ticks(positions, tick_labels(positions))
