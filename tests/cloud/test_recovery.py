"""What follows from what is known of a run in the cloud."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.link_report import LinkState
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, End, Phase, Pool, Sign
from cloud.recovery import (
    FINAL,
    FIRST_SIGN_S,
    LONGEST_WAIT_S,
    SILENCE_S,
    Close,
    Conclude,
    Done,
    Follow,
    InstanceView,
    Launch,
    Situation,
    Terminate,
    attempts_without_progress,
    next_step,
    wait_s,
)

POOL = Pool(instance_type="c7i.2xlarge", zone="us-east-1a")
SPEC = CloudSpec(run_id="r", region="us-east-1", bucket="b", max_hours=10.0, max_price_total_usd=5.0)
THERE, GONE = InstanceView(is_there=True), InstanceView(is_there=False, cause=Cause.INTERRUPTED, detail="Taken back.")


def attempt(number: int = 1, state: AttemptState = AttemptState.RUNNING, **others: object) -> Attempt:
    given = {"pool": POOL, "instance_id": f"i-{number}", "launched_at": 0.0, **others}
    return Attempt(number=number, token="t", state=state, **given)  # type: ignore[arg-type]


def ended(number: int, cause: Cause, **others: object) -> Attempt:
    return attempt(number, AttemptState.ENDED, **{"cause": cause, "ended_at": 0.0, "detail": "Why.", **others})


def sign(*, at: float = 100.0, epoch: int = 1, phase: Phase = Phase.TRAINING) -> Sign:
    return Sign(epoch=epoch, instance_id="i-1", instance_type="c7i.2xlarge", zone="us-east-1a", phase=phase, time=at)


def situation(*attempts: Attempt, **others: object) -> Situation:
    given = {"now": 100.0, "instance": THERE, "sign": sign(), **others}
    return Situation(SPEC, attempts, **given)  # type: ignore[arg-type]


def test_a_run_begins_with_a_launch() -> None:
    assert next_step(situation()) == Launch(1, "The first instance is being launched.")


def test_an_intended_launch_is_sent_again_under_its_own_number() -> None:
    step = next_step(situation(attempt(3, AttemptState.INTENDED)))
    assert isinstance(step, Launch)
    assert step.number == 3


def test_a_training_instance_is_followed() -> None:
    step = next_step(situation(attempt()))
    assert step == Follow(LinkState.TRAINING, "i-1 (c7i.2xlarge in us-east-1a (spot)) trains.")


def test_a_sign_of_an_earlier_attempt_tells_nothing_of_this_one() -> None:
    step = next_step(situation(attempt(2), sign=sign(epoch=1)))
    assert isinstance(step, Follow)
    assert step.state is LinkState.BOOTING


def test_an_instance_that_is_gone_is_closed_with_its_cause() -> None:
    assert next_step(situation(attempt(), instance=GONE)) == Close(Cause.INTERRUPTED, "Taken back.")


@pytest.mark.parametrize(
    ("others", "cause"),
    [
        ({"now": 36_001.0, "sign": sign(at=36_000.0)}, Cause.DEADLINE),
        ({"spent_usd": 5.0}, Cause.BUDGET),
        ({"now": 101.0 + SILENCE_S, "sign": sign(at=100.0)}, Cause.LOST),
        ({"now": 1.0 + FIRST_SIGN_S, "sign": None}, Cause.BOOT_FAILED),
    ],
)
def test_an_instance_that_does_not_end_itself_is_ended(others: dict[str, object], cause: Cause) -> None:
    step = next_step(situation(attempt(), **others))
    assert isinstance(step, Terminate)
    assert step.cause is cause


@pytest.mark.parametrize("cause", sorted(FINAL))
def test_no_attempt_follows_a_final_cause(cause: Cause) -> None:
    assert next_step(situation(ended(1, cause))) == Conclude(cause, "Why.")


@pytest.mark.parametrize("cause", [Cause.INTERRUPTED, Cause.LOST, Cause.BOOT_FAILED, Cause.FENCED])
def test_the_next_attempt_follows_an_interruption(cause: Cause) -> None:
    step = next_step(situation(ended(1, cause, saved_step=10)))
    assert isinstance(step, Launch)
    assert step.number == 2


def test_a_stop_that_no_engine_took_ends_the_run() -> None:
    step = next_step(situation(ended(1, Cause.INTERRUPTED, saved_step=10), is_stop_asked=True))
    assert isinstance(step, Conclude)
    assert step.cause is Cause.STOPPED


@pytest.mark.parametrize(("others", "cause"), [({"now": 36_001.0}, Cause.DEADLINE), ({"spent_usd": 6.0}, Cause.BUDGET)])
def test_limits_hold_between_two_attempts(others: dict[str, object], cause: Cause) -> None:
    step = next_step(situation(ended(1, Cause.INTERRUPTED, saved_step=10), **others))
    assert isinstance(step, Conclude)
    assert step.cause is cause


def test_where_there_is_no_capacity_it_waits_longer_each_time() -> None:
    failures = [ended(number, Cause.NO_CAPACITY) for number in range(1, 9)]
    waits = [wait_s(failures[:count]) for count in range(1, 9)]
    assert waits[:3] == [30.0, 60.0, 120.0]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_S
    assert isinstance(next_step(situation(*failures[:1], now=29.0)), Follow)
    assert isinstance(next_step(situation(*failures[:1], now=31.0)), Launch)


def test_attempts_that_save_nothing_new_come_to_an_end() -> None:
    attempts = [ended(1, Cause.INTERRUPTED, saved_step=50)]
    attempts += [ended(number, Cause.BOOT_FAILED, saved_step=0) for number in (2, 3)]
    assert isinstance(next_step(situation(*attempts)), Launch)
    step = next_step(situation(*attempts, ended(4, Cause.INTERRUPTED, saved_step=50)))
    assert isinstance(step, Conclude)
    assert step.cause is Cause.FAILED
    assert "3 attempts in a row" in step.message


@pytest.mark.parametrize(
    ("saved", "expected"), [([], 0), ([0], 1), ([5], 0), ([5, 5, 0], 2), ([5, 9, 9], 1), ([5, 9, 12], 0)]
)
def test_progress_is_a_new_checkpoint(saved: list[int], expected: int) -> None:
    attempts = [ended(number, Cause.INTERRUPTED, saved_step=step) for number, step in enumerate(saved, start=1)]
    assert attempts_without_progress(attempts) == expected
    waiting = [*attempts, ended(len(saved) + 1, Cause.NO_CAPACITY)]
    assert attempts_without_progress(waiting) == expected


def test_what_is_over_is_over() -> None:
    end = End(epoch=1, cause=Cause.FINISHED, step=100, time=1.0)
    assert next_step(situation(attempt(), end=end, instance=THERE)) == Done(end)


@given(
    states=st.lists(st.sampled_from(list(Cause)), min_size=1, max_size=6),
    now=st.floats(0, 1e5),
    spent=st.floats(0, 10),
    is_stop_asked=st.booleans(),
)
def test_it_never_goes_on_for_ever(states: list[Cause], now: float, spent: float, is_stop_asked: bool) -> None:
    """However attempts end, each step leads on: to a new one, a wait or the end."""
    attempts = [ended(number, cause) for number, cause in enumerate(states, start=1)]
    step = next_step(situation(*attempts, now=now, spent_usd=spent, is_stop_asked=is_stop_asked))
    assert isinstance(step, Launch | Follow | Conclude)
    if now > SPEC.deadline() or spent >= 5.0:
        assert isinstance(step, Conclude)
    if isinstance(step, Launch):
        assert step.number == len(attempts) + 1


def test_a_spec_s_deadline_counts_from_when_it_was_sent() -> None:
    assert msgspec.structs.replace(SPEC, created_at=1000.0).deadline() == 37_000.0
