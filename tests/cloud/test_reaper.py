"""The stack's reaper ends what nothing else has ended, and nothing else."""

from types import ModuleType
from typing import NamedTuple

import pytest

from tests.cloud.stack_functions import NOW, FakeEc2, FakeS3, load


class Reaper(NamedTuple):
    """The function and its world."""

    module: ModuleType
    s3: FakeS3
    ec2: FakeEc2

    def wake(self, *, at: float = NOW) -> dict[str, str]:
        self.module.time.time = lambda: at
        return self.module.handler({}, None)


@pytest.fixture
def reaper(monkeypatch: pytest.MonkeyPatch) -> Reaper:
    s3, ec2 = FakeS3(), FakeEc2()
    module = load("Reaper", {"s3": s3, "ec2": ec2})
    monkeypatch.setattr(module, "time", ModuleType("time"))
    return Reaper(module, s3, ec2)


def test_an_instance_before_its_deadline_is_left_alone(reaper: Reaper) -> None:
    reaper.ec2.add(deadline=str(int(NOW) + 1))
    assert reaper.wake() == {}
    assert reaper.ec2.states() == ["running"]


@pytest.mark.parametrize("state", ["pending", "running", "stopping", "stopped"])
def test_past_its_deadline_it_is_ended_in_every_state(reaper: Reaper, state: str) -> None:
    reaper.ec2.add(deadline=str(int(NOW) - 60), state=state)
    assert reaper.wake() == {"i-1": "past its deadline by 60 s"}
    assert reaper.ec2.states() == ["terminated"]


@pytest.mark.parametrize("deadline", [{}, {"deadline": ""}, {"deadline": "tomorrow"}])
def test_without_a_readable_deadline_it_has_a_day(reaper: Reaper, deadline: dict[str, str]) -> None:
    reaper.ec2.add(launched_at=NOW, **deadline)
    assert reaper.wake(at=NOW + 86400) == {}
    assert list(reaper.wake(at=NOW + 86401)) == ["i-1"]


@pytest.mark.parametrize("deadline", ["nan", "-inf"])
def test_a_deadline_that_is_no_time_is_past(reaper: Reaper, deadline: str) -> None:
    reaper.ec2.add(deadline=deadline)
    assert list(reaper.wake()) == ["i-1"]


def test_an_instance_of_another_stack_is_left_alone(reaper: Reaper) -> None:
    reaper.ec2.add(deadline="0")["Tags"][0]["Value"] = "other"
    assert reaper.wake() == {}


def test_a_silent_instance_is_ended_after_half_an_hour(reaper: Reaper) -> None:
    reaper.ec2.add(run="ant", deadline=str(int(NOW) + 9999), launched_at=NOW - 9000)
    reaper.s3.put("runs/ant/phase.json", b"", at=NOW)
    assert reaper.wake(at=NOW + 1800) == {}
    assert reaper.wake(at=NOW + 1801) == {"i-1": "no sign of life"}


def test_one_that_never_signed_counts_from_its_launch(reaper: Reaper) -> None:
    reaper.ec2.add(run="ant", deadline=str(int(NOW) + 9999))
    assert reaper.wake(at=NOW + 1800) == {}
    assert list(reaper.wake(at=NOW + 1801)) == ["i-1"]


def test_the_sign_of_an_earlier_attempt_does_not_count_against_a_new_one(reaper: Reaper) -> None:
    reaper.ec2.add(run="ant", deadline=str(int(NOW) + 9999))
    reaper.s3.put("runs/ant/phase.json", b"", at=NOW - 9000)
    assert reaper.wake() == {}


def test_an_instance_left_after_the_end_of_its_run_is_ended(reaper: Reaper) -> None:
    reaper.ec2.add(run="ant", deadline=str(int(NOW) + 9999), launched_at=NOW - 9000)
    reaper.s3.put("runs/ant/END.json", b"", at=NOW)
    reaper.s3.put("runs/ant/phase.json", b"", at=NOW + 500)
    assert reaper.wake(at=NOW + 600) == {}
    assert reaper.wake(at=NOW + 601) == {"i-1": "its run is over"}


def test_where_s3_does_not_answer_only_the_deadline_counts(reaper: Reaper) -> None:
    reaper.ec2.add(run="ant", deadline=str(int(NOW) + 9999), launched_at=NOW - 9000)
    reaper.ec2.add(run="bee", deadline=str(int(NOW) - 1))
    reaper.s3.is_down = True
    assert list(reaper.wake()) == ["i-2"]


def test_one_that_refuses_keeps_no_other_alive_and_is_reported(reaper: Reaper) -> None:
    reaper.ec2.add(deadline="0")
    reaper.ec2.add(deadline="0")
    reaper.ec2.refuses["i-1"] = "OperationNotPermitted"
    with pytest.raises(RuntimeError, match=r"i-1: .*OperationNotPermitted"):
        reaper.wake()
    assert reaper.ec2.states() == ["running", "terminated"]
