"""What stands on the terminal that `bench app` reads."""

from itertools import pairwise

import hypothesis.strategies as st
from hypothesis import given, settings

from rlrobo_tui.bench.screen import LONGEST, Screen

PICTURE = (
    b"\x1b[?1049h\x1b[?1000h\x1bP+q544e\x1b\\\x1b[?2026$p\x1b[2J"
    b"\x1b[1;1H\x1b[38;2;1;2;3mreturn\x1b[0m 187\x1b[2;3H\xe2\xa3\xbf\xe7\x95\x8cx\x1b[1Cy\x1b[1;10H8"
)
SEEN = "return 188\n  ⣿界x y"


def screen_of(*pieces: bytes) -> Screen:
    screen = Screen(12, 2)
    for piece in pieces:
        screen.feed(piece)
    return screen


def test_text_stands_where_the_cursor_was_put() -> None:
    assert screen_of(PICTURE).text == SEEN


@settings(max_examples=60)
@given(st.lists(st.integers(0, len(PICTURE)), max_size=8))
def test_it_does_not_matter_in_which_pieces_it_arrives(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(PICTURE)]
    assert screen_of(*(PICTURE[a:b] for a, b in pairwise(edges))).text == SEEN


def test_what_is_outside_is_not_drawn() -> None:
    assert screen_of(b"\x1b[1;10Habcdef\x1b[9;9Hlost").text == "         abc\n"


def test_erasing_leaves_nothing() -> None:
    assert screen_of(b"gone\x1b[2J").text == "\n"
    assert screen_of(b"\x1b[1;1Hkept gone\x1b[1;5H\x1b[K").text == "kept\n"


def test_a_sequence_that_never_ends_does_not_hold_up_the_rest_for_good() -> None:
    screen = screen_of(b"\x1b]0;" + b"x" * (LONGEST + 1))
    screen.feed(b"\x1b[1;1Hhere")
    assert screen.text.startswith("here")
