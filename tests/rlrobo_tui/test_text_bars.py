"""Bars made of text."""

from rlrobo_tui.widgets.text_bars import share_bars


def test_a_share_of_more_than_the_whole_has_an_arrow_and_its_true_number() -> None:
    lines = share_bars({"half": 0.5, "more": 2.4, "none": -0.1}, width=22).plain.splitlines()
    assert lines == ["half ██████·····   50%", "more ██████████▸  240%", "none ···········  -10%"]
