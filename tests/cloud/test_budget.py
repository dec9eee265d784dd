"""Money and time on the instance itself, with numbers that can be checked by hand."""

import math

import pytest

from cloud.budget import Limits, cost_usd
from cloud.budget import limits as limits_of
from cloud.records import Attempt, Cause, CloudSpec

BEGAN = 1_000_000.0
ENDING_S = 120.0


def spec(cap_usd: float | None = None, *, max_hours: float = 10.0) -> CloudSpec:
    return CloudSpec(
        run_id="run",
        region="us-east-1",
        bucket="b",
        created_at=BEGAN,
        max_price_total_usd=cap_usd,
        max_hours=max_hours,
    )


def limits(spec: CloudSpec, attempts: list[Attempt], number: int) -> Limits:
    return limits_of(spec, attempts, number, began_at=BEGAN, ending_s=ENDING_S)


def attempt(number: int, *, price: float | None = 0.5, begin: float = BEGAN, end: float | None = None) -> Attempt:
    return Attempt(number=number, token="t", price_per_hour_usd=price, launched_at=begin, ended_at=end)


def test_without_a_cap_only_the_deadline_counts() -> None:
    found = limits(spec(), [attempt(1)], 1)
    assert found.broke_at == math.inf
    assert found.end == BEGAN + 36_000.0 - ENDING_S
    assert found.reached(found.end - 1.0) is Cause.NONE
    assert found.reached(found.end) is Cause.DEADLINE


def test_one_dollar_buys_two_hours_at_half_a_dollar() -> None:
    found = limits(spec(1.0), [attempt(1)], 1)
    assert found.broke_at == BEGAN + 7200.0 - ENDING_S
    assert found.reached(found.broke_at) is Cause.BUDGET


def test_what_earlier_attempts_cost_is_gone() -> None:
    earlier = attempt(1, price=1.0, begin=BEGAN - 1800.0, end=BEGAN)  # half a dollar
    found = limits(spec(1.0), [earlier, attempt(2)], 2)
    assert found.broke_at == BEGAN + 3600.0 - ENDING_S


def test_an_attempt_whose_end_is_unknown_cost_until_this_one_began() -> None:
    found = limits(spec(1.0), [attempt(1, price=1.0, begin=BEGAN - 1800.0), attempt(2)], 2)
    assert found.broke_at == BEGAN + 3600.0 - ENDING_S


def test_money_that_is_spent_stops_at_once() -> None:
    spent = attempt(1, price=4.0, begin=BEGAN - 3600.0, end=BEGAN)
    for price in (0.5, None):
        found = limits(spec(1.0), [spent, attempt(2, price=price)], 2)
        assert found.reached(BEGAN) is Cause.BUDGET


@pytest.mark.parametrize(("length_s", "paid_s"), [(5.0, 60.0), (61.0, 61.0), (-9.0, 60.0)])
def test_an_instance_costs_a_minute_at_least(length_s: float, paid_s: float) -> None:
    assert cost_usd(attempt(1, price=3600.0, end=BEGAN + length_s), until=0.0) == pytest.approx(paid_s)


def test_a_launch_that_never_was_costs_nothing() -> None:
    assert cost_usd(Attempt(number=1, token="t", price_per_hour_usd=1.0), until=BEGAN) == 0.0


def test_an_unknown_spot_price_counts_as_the_on_demand_price() -> None:
    own = Attempt(number=1, token="t", on_demand_price_per_hour_usd=2.0, launched_at=BEGAN)
    assert limits(spec(1.0), [own], 1).broke_at == BEGAN + 1800.0 - ENDING_S
