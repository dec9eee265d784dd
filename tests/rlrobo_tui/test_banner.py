"""A banner says as much as has room, and its keys always."""

import pytest

from engine.protocol.status import Status
from rlrobo_tui.situations import Situation
from rlrobo_tui.widgets.banner import fitting

FOUND = Situation(Status.FAILED, "A loss became NaN.", "A fork often helps: " + "x " * 20, (), "rlrobo fork run")
OFFERS = [("Y", "copy that command"), ("esc", "all runs")]


@pytest.mark.parametrize(
    ("height", "words"),
    [(6, ["A loss", "A fork", "rlrobo fork"]), (3, ["A loss", "A fork"]), (2, ["A loss"])],
)
def test_what_matters_less_gives_way_and_keys_do_not(height: int, words: list[str]) -> None:
    text = fitting(FOUND, OFFERS, width=60, height=height)
    assert text.get_height({}, 60) <= height
    assert [word for word in ("A loss", "A fork", "rlrobo fork") if word in text.plain] == words
    assert "Y copy that command   esc all runs" in text.plain


def test_a_long_cause_is_cut_for_the_keys() -> None:
    text = fitting(Situation(Status.FAILED, "very " * 40 + "long"), OFFERS, width=40, height=2)
    assert text.plain.splitlines()[1].startswith("Y copy")
    assert len(text.plain.splitlines()) == 2
