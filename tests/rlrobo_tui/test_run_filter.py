"""The filter language of the list of runs."""

import pytest

from engine.protocol.status import EndReason, Status
from rlrobo_tui.run_filter import EXAMPLE, QueryError, parse_query
from tests.rlrobo_tui.run_summaries import STARTED_AT, summary

HOUR_S = 3600.0


def matches(query: str, **changes: object) -> bool:
    return parse_query(query).matches(summary(**changes), STARTED_AT + HOUR_S)


@pytest.mark.parametrize(
    "query",
    [
        "", "ANT s1", "state:running", "status:run", "state:failed,running", "robot:ant", "task:walk", "algo:PPO",
        "reward>1000", "return>=1.2k", "best<1501", "seed:1", "seed=1", "step>0.4M", "steps<=500_000", "total:1e6",
        "progress:50%", "speed>1.9k", "age<2h", "age>59m", "where:here", "name:s1", "-state:failed", "-seed:2 -old",
        "reward>1000 -reward>2000", "-",
    ],
)  # fmt: skip
def test_a_run_has_what_is_asked_for(query: str) -> None:
    assert matches(query)


@pytest.mark.parametrize(
    "query",
    ["cartpole", "state:failed", "robot:hopper", "reward>1200", "seed:2", "step>1M", "age>1d", "-ant", "ant -seed:1"],
)
def test_a_run_lacks_what_is_asked_for(query: str) -> None:
    assert not matches(query)


def test_a_number_that_is_not_known_yet_is_neither_above_nor_below() -> None:
    assert not matches("reward>0", return_mean=None)
    assert not matches("reward<=0", return_mean=None)
    assert matches("-reward>0", return_mean=None)


def test_the_state_includes_why_a_run_ended() -> None:
    assert matches("state:diverged", status=Status.FAILED, end_reason=EndReason.DIVERGED)


def test_the_robot_of_a_task_is_not_a_part_of_its_name() -> None:
    assert matches("robot:panda", task="panda_reach")
    assert not matches("robot:reach", task="panda_reach")


def test_the_name_of_a_gymnasium_task_is_a_plain_word() -> None:
    assert matches("gym:Pendulum-v1", task="gym:Pendulum-v1")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("stat:running", "did you mean 'state'?"),
        ("ant rewrd>3", "did you mean 'reward'?"),
        ("reward>", "what follows is missing, such as reward>1000"),
        ("step>many", "step needs a number, such as step>1M"),
        ("age<3y", "age needs a number, such as age>2d"),
        ("robot>ant", "ask for a part of it with robot:ant"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_next_step(query: str, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(query)
    assert words in str(caught.value)


def test_the_example_can_be_read() -> None:
    parse_query(EXAMPLE)
