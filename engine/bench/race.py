"""Let contestants train in turns, one at a time, and compare those that were neighbours in time.

A round is C A B B A C: A is ours, B stock Stable-Baselines3, C ours once more, in a process of its own. Whatever else
the machine does meets neighbours alike, a trend cancels within a round, and A against C shows what the measurement
itself is worth.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from engine.bench.block import Block, Order
from engine.bench.ratios import Ratio, paired_ratio

BLOCK_S = 2.0
"""Shortest block; chosen: a hundred times what the scheduler may take away at a time, and often enough in a minute."""
MIN_ROUNDS = 3
"""Fewest rounds, of two blocks of each contestant; with fewer pairs an interval says nothing."""

Contest = Callable[[Order], Block]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long to measure: by the clock, or by what is trained."""

    seconds: float = 120.0
    """All measured blocks together (s)."""
    timesteps: int = 0
    """Timesteps of each contestant in all its measured blocks; 0: as many as fit into `seconds`."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """What is measured, so that blocks of all contestants take about equally long."""

    num_rounds: int
    ours: int
    """Timesteps of a block of ours."""
    stock: int
    """Timesteps of a block of stock Stable-Baselines3."""
    seconds: float
    """About how long it takes."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a race brought to light."""

    ours: float
    """Median over its blocks (timesteps/s)."""
    stock: float
    """Likewise."""
    ratio: Ratio
    """Ours to stock."""
    control: Ratio
    """Ours to ours."""


def plan_rounds(plan: Plan, *, our_rate: float, stock_rate: float, unit: int) -> Schedule:
    """Return how much to train in a block, by the rates (timesteps/s) of the first; a block is whole rollouts."""
    if plan.timesteps:
        num_rounds, block_s = MIN_ROUNDS, 0.0
        ours = stock = _whole(plan.timesteps / (2 * MIN_ROUNDS), unit)
    else:
        num_rounds, block_s = 0, max(BLOCK_S, unit / min(our_rate, stock_rate))
        ours, stock = _whole(block_s * our_rate, unit), _whole(block_s * stock_rate, unit)
    round_s = 2 * (2 * ours / our_rate + stock / stock_rate)
    num_rounds = num_rounds or max(MIN_ROUNDS, round(plan.seconds / round_s))
    return Schedule(num_rounds=num_rounds, ours=ours, stock=stock, seconds=num_rounds * round_s)


def run_rounds(
    schedule: Schedule, *, ours: Contest, stock: Contest, control: Contest, announce: Callable[[int], None]
) -> Outcome:
    """Measure; `announce` is told the number of each round that is over."""
    a, b = Order(min_timesteps=schedule.ours), Order(min_timesteps=schedule.stock)
    rates: dict[str, list[float]] = {"ours": [], "stock": [], "control": []}
    contests = {"ours": (ours, a), "stock": (stock, b), "control": (control, a)}
    order = ("control", "ours", "stock")
    for number in range(schedule.num_rounds):
        for name in (*order, *reversed(order)):
            contest, block = contests[name]
            rates[name].append(contest(block).rate)
        announce(number + 1)
    return Outcome(
        ours=statistics.median(rates["ours"]),
        stock=statistics.median(rates["stock"]),
        ratio=paired_ratio(rates["ours"], rates["stock"]),
        control=paired_ratio(rates["ours"], rates["control"]),
    )


def _whole(timesteps: float, unit: int) -> int:
    """Return the number of timesteps in whole rollouts that comes nearest, one rollout at least."""
    return max(1, round(timesteps / unit)) * unit
