"""Plots as characters."""

import numpy as np
import pytest
from rich.style import Style

from rlrobo_tui.curves import tick_labels, ticks
from rlrobo_tui.widgets.plot import Level, Line, Look, Mark, Picture, Plot, Rule, Texture
from rlrobo_tui.widgets.plot_drawing import draw

NOTHING = Style.null()
XS = np.arange(0.0, 101.0)


def make_ticks(first: float, last: float, num_ticks: int) -> tuple[list[float], list[str]]:
    positions = ticks(first, last, num_ticks=num_ticks)
    return positions, tick_labels(positions)


def plot(*lines: Line, limits: tuple[float, float] = (0, 100), is_log: bool = False, **more: list) -> Plot:
    return Plot(x_limits=limits, make_x_ticks=make_ticks, lines=lines, is_log=is_log, **more)


def rising(texture: Texture = Texture.SOLID, label: str = "") -> Line:
    return Line(xs=XS, ys=XS, style=NOTHING, texture=texture, label=label)


def text(picture: Picture) -> list[str]:
    return [strip.text for strip in picture.strips]


def test_a_rising_line_looks_like_one() -> None:
    assert text(draw(plot(rising()), 30, 9, Look())) == [
        "   100┤                    ⣠⠴⠚",
        "      │                ⢀⡤⠖⠋⠁  ",
        "      │             ⣀⡴⠚⠉      ",
        "    50┤         ⢀⣠⠴⠋⠁         ",
        "      │      ⣀⡤⠞⠉             ",
        "      │  ⢀⣠⠴⠚⠁                ",
        "     0┤⡤⠖⠋                    ",
        "      └┬──────────┬──────────┬",
        "       0         50        100",
    ]


@pytest.mark.parametrize("size", [(60, 12), (16, 3), (200, 50)])
@pytest.mark.parametrize("is_ascii", [False, True])
def test_a_picture_has_the_size_that_was_asked_for(size: tuple[int, int], is_ascii: bool) -> None:
    lines = text(draw(plot(rising(label="end")), *size, Look(is_ascii=is_ascii)))
    assert {len(line) for line in lines} == {size[0]}
    assert len(lines) == size[1]


def test_nothing_is_drawn_without_data_or_room() -> None:
    empty = Line(xs=np.empty(0), ys=np.empty(0), style=NOTHING)
    assert draw(plot(empty), 60, 12, Look()).strips == []
    assert draw(plot(rising()), 5, 2, Look()).strips == []


def test_marks_levels_rules_and_the_label_at_the_end_are_there() -> None:
    picture = draw(
        plot(
            rising(label="99.5"),
            marks=[Mark(50, 20, "◆", NOTHING)],
            levels=[Level(80, "┈", NOTHING)],
            rules=[Rule(30, "╎", NOTHING, "12k again")],
        ),
        60, 12, Look(),
    )  # fmt: skip
    drawn = "\n".join(text(picture))
    for piece in ("◆", "┈┈┈┈", "╎12k again", " 99.5"):
        assert piece in drawn


def test_many_marks_side_by_side_leave_the_line_visible() -> None:
    marks = [Mark(x, 50, "◆", NOTHING) for x in range(100)] + [Mark(40, 90, "◆", NOTHING), Mark(98, 50, "★", NOTHING)]
    drawn = "\n".join(text(draw(plot(rising(), marks=marks), 60, 12, Look())))
    assert "◆◆" not in drawn
    assert "★" in drawn
    assert drawn.count("◆") > 12, "one at another height stays"


@pytest.mark.parametrize(("y", "row", "words"), [(1000, 0, "↑ solved 1000"), (-1000, 9, "↓ solved -1000")])
def test_a_level_far_from_the_data_is_an_arrow_and_does_not_squeeze_it(y: float, row: int, words: str) -> None:
    lines = text(draw(plot(rising(), levels=[Level(y, "┈", NOTHING, f"solved {y}")]), 60, 12, Look()))
    assert words in lines[row]
    assert "┈" not in "".join(lines)
    assert "1000┤" not in "".join(lines)


def test_an_arrow_keeps_off_what_is_drawn() -> None:
    falling = Line(xs=XS, ys=100 - XS, style=NOTHING)
    level = Level(1000, "┈", NOTHING, "solved 1000")
    assert text(draw(plot(falling, levels=[level]), 30, 9, Look()))[0] == "   100┤⠓⠦⣄      ↑ solved 1000 "


def test_values_that_differ_by_rounding_are_one_level_line() -> None:
    line = Line(xs=XS, ys=500 + 1e-9 * XS, style=NOTHING)
    drawn = text(draw(plot(line), 60, 12, Look()))
    assert sum("⠤" in row or "⠒" in row or "⠉" in row or "⣀" in row for row in drawn) == 1


def test_marks_outside_of_the_window_neither_show_nor_count() -> None:
    picture = draw(plot(rising(), marks=[Mark(500, 9000, "◆", NOTHING)]), 60, 12, Look())
    drawn = "\n".join(text(picture))
    assert "◆" not in drawn
    assert "9" not in drawn


def test_a_logarithmic_axis_has_powers_and_leaves_out_what_it_has_no_place_for() -> None:
    line = Line(xs=XS, ys=10.0 ** (XS / 25 - 2), style=NOTHING)
    drawn = "\n".join(text(draw(plot(line, is_log=True), 60, 16, Look())))
    for label in ("0.01┤", "1┤", "100┤"):
        assert label in drawn
    negative = Line(xs=XS, ys=-1 - XS, style=NOTHING)
    assert draw(plot(negative, is_log=True), 60, 16, Look()).strips == []


def test_textures_differ_without_colour() -> None:
    pictures = {"\n".join(text(draw(plot(rising(texture)), 60, 12, Look()))) for texture in Texture}
    assert len(pictures) == len(Texture)


def test_ascii_is_ascii_and_tells_lines_apart() -> None:
    falling = Line(xs=XS, ys=100 - XS, style=NOTHING, texture=Texture.SPARSE)
    drawn = "\n".join(text(draw(plot(falling, rising()), 60, 12, Look(is_ascii=True))))
    assert drawn.isascii()
    assert {"*", ".", "|", "+"} <= set(drawn)
