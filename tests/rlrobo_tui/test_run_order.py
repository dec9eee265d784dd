"""The order and the groups of the list of runs."""

import pytest

from engine.protocol.errors import UnknownNameError
from engine.protocol.status import Status
from engine.protocol.summary import RunSummary
from rlrobo_tui.run_order import SORTABLE, Group, Grouping, Order, grouped, ordered, parse_order
from tests.rlrobo_tui.run_summaries import summary

OLD = summary(id="20270101T000000Z-b-ppo-s1", task="b", return_mean=3.0, best_return_mean=7.0, step=10)
NEW = summary(id="20270102T000000Z-a-sac-s1", task="a", algorithm="sac", return_mean=None, step=30)
NEWEST = summary(id="20270103T000000Z-b-sac-s1", task="b", algorithm="sac", return_mean=5.0, status=Status.FINISHED)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("age", [NEWEST, NEW, OLD]),
        ("name", [NEW, OLD, NEWEST]),
        ("state", [NEW, OLD, NEWEST]),
        ("return", [NEWEST, OLD, NEW]),
        ("steps", [NEWEST, NEW, OLD]),
        ("steps/s", [NEW, OLD, NEWEST]),
    ],
)
def test_runs_are_sorted_with_the_newest_first_among_equals(column: str, expected: list[RunSummary]) -> None:
    assert ordered([OLD, NEWEST, NEW], Order(column)) == expected


def test_reversed_runs_without_a_value_still_come_last() -> None:
    assert ordered([OLD, NEWEST, NEW], Order("return", is_reversed=True)) == [OLD, NEWEST, NEW]


def test_every_sortable_column_sorts_and_another_is_refused_by_name() -> None:
    for column in SORTABLE:
        for text in (column, f"-{column}"):
            order = parse_order(text)
            assert order.text == text
            assert len(ordered([OLD, NEW], order)) == 2
    assert parse_order("return").is_descending
    assert not parse_order("-return").is_descending
    with pytest.raises(UnknownNameError, match="Known: age"):
        parse_order("colour")


def test_groups_stand_in_the_order_of_their_first_runs() -> None:
    lines = grouped([NEWEST, NEW, OLD], Grouping.TASK)
    assert lines == [Group("b", 2, 1, 1500.0), NEWEST, OLD, Group("a", 1, 1, 1500.0), NEW]
    titles = [
        line.title for line in grouped([NEWEST, NEW, OLD], Grouping.TASK_AND_ALGORITHM) if isinstance(line, Group)
    ]
    assert titles == ["b · SAC", "a · SAC", "b · PPO"]
    assert grouped([NEW], Grouping.NONE) == [NEW]
