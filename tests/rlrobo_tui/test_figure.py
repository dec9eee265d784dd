"""The chart as characters."""

from rich.text import Text

from rlrobo_tui.widgets.figure import Curve, Palette, Style, draw

PALETTE = Palette(
    line=(1, 2, 3), faint=(4, 5, 6), mark=(7, 8, 9), best=(10, 11, 12), target=(13, 14, 15), axis=(16, 17, 18)
)
CURVE = Curve(
    steps=range(0, 1000, 10),
    raw=[float(value % 7) for value in range(100)],
    smooth=[3.0] * 100,
    marks=[(500.0, 4.0)],
    best=(900.0, 6.0),
    target=6.5,
)


def lines(curve: Curve, *, is_ascii: bool = False) -> list[str]:
    frame = draw(curve, width=60, height=12, style=Style(PALETTE, is_ascii=is_ascii))
    return Text.from_ansi(frame).plain.splitlines()


def test_a_frame_has_the_size_that_was_asked_for() -> None:
    assert [len(line) for line in lines(CURVE)] == [60] * 12


def test_a_frame_larger_than_the_terminal_is_not_cut() -> None:
    frame = draw(CURVE, width=300, height=90, style=Style(PALETTE))
    assert len(Text.from_ansi(frame).plain.splitlines()) == 90


def test_evaluation_best_and_target_are_drawn() -> None:
    text = "\n".join(lines(CURVE))
    assert "◆" in text
    assert "★" in text
    assert "┈┈┈" in text


def test_ascii_frames_are_ascii_and_tell_the_curves_apart() -> None:
    text = "\n".join(lines(CURVE, is_ascii=True))
    assert text.isascii()
    assert {"*", ".", "o", "@"} <= set(text)


def test_a_target_far_above_the_data_does_not_squeeze_it() -> None:
    far = Curve(steps=[0, 1], raw=[0.0, 1.0], target=1000.0)
    assert "1000" not in "\n".join(lines(far))


def test_nothing_is_drawn_without_data_or_space() -> None:
    assert draw(Curve(), width=60, height=12, style=Style(PALETTE)) == ""
    assert draw(CURVE, width=5, height=2, style=Style(PALETTE)) == ""


def test_the_chart_has_no_background_of_its_own() -> None:
    assert "\x1b[48;" not in draw(CURVE, width=60, height=12, style=Style(PALETTE))
