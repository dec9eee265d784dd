"""Plots for papers and slides, drawn by matplotlib, which the extra `plot` brings. Needs no display.

Lines differ in colour (Okabe and Ito's) and in stroke, and carry their names at their ends.
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from engine.protocol.errors import StorageError
from rlrobo_tui.comparison import Curve
from rlrobo_tui.curves import decimate
from rlrobo_tui.glossary import explain
from rlrobo_tui.quantities import count
from rlrobo_tui.run_list import shorten
from rlrobo_tui.themes import THEMES

WIDTH_IN, PANEL_HEIGHT_IN, DPI = 7.2, 3.6, 160
NUM_COLUMNS = 1200
"""As many as a picture has pixels."""
STROKES = (
    "solid",
    (0, (6, 2)),
    (0, (1.5, 1.5)),
    (0, (6, 2, 1.5, 2)),
    (0, (12, 3)),
    (0, (3, 3)),
    (0, (9, 2, 3, 2)),
    "-.",
)
MAX_NAME = 28
"""Characters of a name that a picture has room for."""
_LABEL_GAP = 0.055
"""Least distance of two names, as a part of the height of a panel."""


def save(panels: dict[str, list[Curve]], paths: Sequence[Path], *, theme: str, smooth: float = 0.0) -> None:
    """Draw the lines of each metric in a panel of its own and write them to `paths`. Raises StorageError."""
    colours = {"background": "#ffffff", **_colours(theme)}
    figure = Figure(figsize=(WIDTH_IN, PANEL_HEIGHT_IN * len(panels)), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.set_facecolor(colours["background"])
    for index, (metric, lines) in enumerate(panels.items(), start=1):
        axes = figure.add_subplot(len(panels), 1, index)
        _dress(axes, metric, colours, smooth=smooth)
        for number, line in enumerate(lines):
            _draw_line(axes, line, colour=colours[f"series-{number + 1}"], stroke=number, has_raw=smooth > 0)
        _name_lines(axes, lines, colours)
    # Without a date and with a fixed salt, the same data gives the same file.
    with mpl.rc_context({"svg.hashsalt": "rlrobo"}):
        for path in paths:
            try:
                figure.savefig(path, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
            except OSError as err:
                raise StorageError.from_os_error(err, path) from err


def _colours(theme: str) -> dict[str, str]:
    chosen = THEMES[theme]
    variables = {
        name: text for name, text in chosen.variables.items() if name.startswith(("series-", "muted", "border-"))
    }
    return {**variables, "text": str(chosen.foreground), "background": str(chosen.background)}


def _dress(axes: Axes, metric: str, colours: dict[str, str], *, smooth: float) -> None:
    known = explain(metric)
    unit = f" ({known.unit})" if known and known.unit else ""
    smoothed = f", moving average {smooth:g}" if smooth else ""
    axes.set_facecolor(colours["background"])
    axes.set_xlabel("timesteps", color=colours["text"], fontsize=9)
    axes.set_ylabel(metric + unit, color=colours["text"], fontsize=9)
    if known:
        axes.set_title(known.meaning.rstrip(".") + smoothed, loc="left", fontsize=8, color=colours["muted"])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="y", color=colours["border-blurred"], linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=colours["text"], labelsize=8)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(colours["muted"])


def _draw_line(axes: Axes, line: Curve, *, colour: str, stroke: int, has_raw: bool) -> None:
    style = STROKES[stroke % len(STROKES)]
    if has_raw and line.half is None:
        steps, values = line.members[0]
        axes.plot(*_thin(steps, values), color=colour, linewidth=0.6, alpha=0.3)
    if line.half is not None:
        axes.fill_between(line.xs, line.ys - line.half, line.ys + line.half, color=colour, alpha=0.18, linewidth=0)
    for start, end in zip((0, *line.breaks), (*line.breaks, len(line.xs)), strict=True):
        marker = "o" if end - start == 1 else None
        axes.plot(*_thin(line.xs[start:end], line.ys[start:end]), color=colour, ls=style, lw=1.6, marker=marker, ms=3)


def _name_lines(axes: Axes, lines: Sequence[Curve], colours: dict[str, str]) -> None:
    """Write the name of each line beside its end, with enough distance between names."""
    low, high = axes.get_ylim()
    right = max(float(line.xs[-1]) for line in lines)
    ends = sorted((float(line.ys[-1] - low) / (high - low), index) for index, line in enumerate(lines))
    place = -1.0
    for height, index in ends:
        place = max(height, place + _LABEL_GAP)
        line = lines[index]
        half = "" if line.half is None else " ± 95 %"
        end = [float(line.xs[-1]), right], [float(line.ys[-1]), low + place * (high - low)]
        axes.plot(*end, color=colours[f"series-{index + 1}"], lw=0.7, ls=(0, (1, 3)), clip_on=False)
        axes.annotate(
            shorten(line.name, MAX_NAME) + half,
            xy=(right, low + place * (high - low)),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=colours[f"series-{index + 1}"],
            annotation_clip=False,
        )
    axes.set_ylim(low, high)
    axes.set_xlim(right=right)


def _thin(xs: np.ndarray, ys: np.ndarray) -> tuple[list[float], list[float]]:
    return decimate(xs.tolist(), ys.tolist(), num_columns=NUM_COLUMNS, first=float(xs[0]), last=float(xs[-1]))


def _short(value: float) -> str:
    """Write a tick: 1.00M is 1M there."""
    text = count(value)
    unit = text[-1] if text[-1].isalpha() else ""
    digits = text.removesuffix(unit)
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + unit
