"""What is sent to a terminal: only what changes, and the screen is the same as if everything had been sent."""

import re
from typing import NamedTuple

import hypothesis.strategies as st
from hypothesis import given, settings
from rich.cells import cell_len

from rlrobo_tui.repaint import Terminal

RED, BOLD, ON_BLUE = "\x1b[38;2;255;0;0m", "\x1b[1;38;2;255;0;0;48;2;0;0;99m", "\x1b[44m"
STYLES = ("", RED, BOLD, ON_BLUE, "\x1b[4m", "\x1b[38;5;7;48;5;1m", "\x1b[7;31;49m")
COLUMNS, LINES = 12, 3


class Seen(NamedTuple):
    """What a terminal makes of a cell; the colour of characters is left out where there is none to see."""

    text: str
    foreground: str
    background: str
    attributes: frozenset[str]


def shown(sent: str) -> dict[tuple[int, int], Seen]:
    """Return what a terminal shows that gets `sent`, by row and column: a second reading, independent of ours."""
    cells: dict[tuple[int, int], Seen] = {}
    x = y = 1
    foreground = background = ""
    attributes: frozenset[str] = frozenset()
    for parameters, command, text in re.findall(r"\x1b\[([\d;]*)(\w)|([^\x1b\n])", sent):
        if command == "H":
            y, x = map(int, parameters.split(";"))
        elif command == "C":
            x += int(parameters)
        elif command == "m":
            for code in re.findall(r"[34]8;(?:2;\d+;\d+;\d+|5;\d+)|\d+", parameters):
                if code == "0":
                    foreground, background, attributes = "", "", frozenset()
                elif re.match(r"38;|3\d$", code):
                    foreground = code
                elif re.match(r"48;|4\d$", code):
                    background = code
                else:
                    attributes |= {code}
        elif text:
            is_blank = text == " " and not attributes
            cells[y, x] = Seen(text, "" if is_blank else foreground, background, attributes)
            if cell_len(text) == 2:
                cells[y, x + 1] = cells[y, x]._replace(text="")
            x += cell_len(text)
    return cells


def written(row: int, column: int, *pieces: tuple[str, str]) -> str:
    """Write pieces, style and text each, at a place as Textual does."""
    return f"\x1b[{row};{column}H" + "".join(f"{style}{text}\x1b[0m" if style else text for style, text in pieces)


# Two columns each and at every second one, so that nothing cuts a wide character: Textual never does.
texts = st.lists(st.sampled_from(["ab", "a⣿", " b", "  ", "界"]), min_size=1, max_size=3).map("".join)
pieces = st.lists(st.tuples(st.sampled_from(STYLES), texts), max_size=3)
places = st.tuples(st.integers(1, LINES), st.sampled_from(range(1, COLUMNS, 2)))
updates = st.tuples(places, pieces).map(lambda it: written(*it[0], *it[1]))


@settings(max_examples=60)
@given(st.lists(st.lists(updates, max_size=2).map("\n".join), max_size=6))
def test_the_screen_is_the_same_as_if_everything_had_been_sent(pictures: list[str]) -> None:
    terminal, sent, full = Terminal(), "", ""
    for picture in pictures:
        sent += terminal.difference(picture)
        full += picture
        assert shown(sent) == shown(full)


def test_nothing_new_sends_nothing() -> None:
    terminal = Terminal()
    picture = written(1, 1, (RED, "return"), ("", " "), (BOLD, "187.3"))
    assert terminal.difference(picture)
    assert terminal.difference(picture) == ""


def test_one_digit_that_changes_is_sent_alone() -> None:
    terminal = Terminal()
    terminal.difference(written(2, 1, ("", "step 100")))
    assert terminal.difference(written(2, 1, ("", "step 109"))) == "\x1b[2;8H9"


def test_a_colour_in_force_is_not_sent_again() -> None:
    sent = Terminal().difference(written(1, 1, (RED, "a"), (RED, "b"), ("", " "), (RED, "c")))
    assert sent == f"\x1b[1;1H{RED}ab c\x1b[0m"


def test_whoever_forgets_sends_all() -> None:
    terminal = Terminal()
    terminal.difference(written(1, 1, ("", "all")))
    terminal.forget()
    assert terminal.difference(written(1, 1, ("", "all"))) == "\x1b[1;1Hall"


def test_what_cannot_be_read_is_sent_as_it_is() -> None:
    link = "\x1b[1;1H\x1b]8;id=1;https://example.org\x1b\\text\x1b]8;;\x1b\\"
    terminal = Terminal()
    assert terminal.difference(link) == link
    assert terminal.difference(written(1, 1, ("", "text"))) == "\x1b[1;1Htext"


def test_a_character_that_belongs_to_several_is_sent_as_it_is() -> None:
    astronaut = written(1, 1, ("", "a 👩‍🚀 b"))
    terminal = Terminal()
    assert terminal.difference(astronaut) == astronaut
    assert terminal.difference(written(1, 1, ("", "a"))) == "\x1b[1;1Ha"


def test_a_shorter_row_and_then_a_longer_one_keep_what_stands_between() -> None:
    terminal = Terminal()
    terminal.difference(written(1, 9, ("", "end")))
    assert terminal.difference(written(1, 1, ("", "begin"))) == "\x1b[1;1Hbegin"
    assert terminal.difference(written(1, 1, ("", "begin   end"))) == "\x1b[1;6H   "
