"""Who trains when, and how much; contestants here are functions, and no time is measured."""

from collections.abc import Callable

import pytest

from engine.bench.block import Block, Order
from engine.bench.race import Plan, Schedule, plan_rounds, run_rounds

SCHEDULE = Schedule(num_rounds=2, ours=400, stock=100, seconds=0.0)


def contest(name: str, log: list[str], seconds: Callable[[], float]) -> Callable[[Order], Block]:
    def train(order: Order) -> Block:
        log.append(name)
        return Block(timesteps=order.min_timesteps, seconds=seconds())

    return train


def test_neighbours_are_compared_in_both_orders() -> None:
    log: list[str] = []
    rounds: list[int] = []
    a, b, c = (contest(name, log, lambda: 1.0) for name in "ABC")
    outcome = run_rounds(SCHEDULE, ours=a, stock=b, control=c, announce=rounds.append)
    assert "".join(log) == "CABBAC" * 2
    assert rounds == [1, 2]
    assert (outcome.ours, outcome.stock) == (400.0, 100.0)
    assert (outcome.ratio.median, outcome.control.median) == (4.0, 1.0)


def test_a_machine_that_slows_down_does_not_favour_anybody() -> None:
    log: list[str] = []
    a, b, c = (contest(name, log, lambda: float(2 + len(log))) for name in "ABC")
    outcome = run_rounds(SCHEDULE, ours=a, stock=b, control=c, announce=lambda _: None)
    assert outcome.ratio.low < 4.0 < outcome.ratio.high
    assert outcome.control.low < 1.0 < outcome.control.high


def test_blocks_take_equally_long_and_are_whole_rollouts() -> None:
    schedule = plan_rounds(Plan(seconds=120.0), our_rate=1000.0, stock_rate=250.0, unit=100)
    assert (schedule.ours, schedule.stock) == (2000, 500)  # 2 s each
    assert (schedule.num_rounds, schedule.seconds) == (10, pytest.approx(120.0))  # of six blocks


def test_a_block_is_as_long_as_the_slower_ones_rollout() -> None:
    schedule = plan_rounds(Plan(seconds=1.0), our_rate=4000.0, stock_rate=800.0, unit=8000)
    assert (schedule.ours, schedule.stock) == (40_000, 8000)  # 10 s each
    assert schedule.num_rounds == 3  # fewer would say nothing


def test_with_timesteps_every_contestant_trains_as_many() -> None:
    schedule = plan_rounds(Plan(timesteps=6000), our_rate=1000.0, stock_rate=250.0, unit=64)
    assert schedule.ours == schedule.stock == 1024  # the whole rollouts nearest to 6000 / 6
    assert schedule.num_rounds == 3
