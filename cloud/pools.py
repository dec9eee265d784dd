"""Which pools to try: those that failed or interrupted a run lately are not among the first.

What is remembered is the run's own attempts; an old failure counts less and less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cloud.records import Attempt, Cause, CloudSpec, Market, Pool

HALF_LIVES_S = {
    Cause.NO_CAPACITY: 180.0,
    Cause.INTERRUPTED: 1800.0,
    Cause.BOOT_FAILED: 1800.0,
    Cause.LOST: 1800.0,
}
"""After which time a failure counts half, in seconds. Capacity: the three minutes of Karpenter's cache. The others,
chosen: a pool that AWS takes from is short for tens of minutes."""
_HOT = 0.5


class Failure(NamedTuple):
    """What a pool did."""

    pool: Pool
    cause: Cause
    at: float


def remember(attempts: Iterable[Attempt]) -> list[Failure]:
    """Return what the pools of a run's attempts did."""
    failures = []
    for attempt in attempts:
        if attempt.cause in HALF_LIVES_S:
            pools = [attempt.pool] if attempt.pool else attempt.pools
            at = attempt.ended_at or attempt.launched_at or attempt.intended_at
            failures += [Failure(pool, attempt.cause, at) for pool in pools]
    return failures


def order(pools: Sequence[Pool], memory: Iterable[Failure], now: float) -> list[Pool]:
    """Return the pools, those that failed least and longest ago first; equals keep their order."""
    heat = _heat(memory, now)
    return sorted(pools, key=lambda pool: heat.get(pool, 0.0))


def choose(pools: Sequence[Pool], memory: Iterable[Failure], now: float) -> list[Pool]:
    """Return the pools to launch in: those that are not hot; where all are, all of them."""
    failures = list(memory)
    heat = _heat(failures, now)
    ordered = order(pools, failures, now)
    return [pool for pool in ordered if heat.get(pool, 0.0) < _HOT] or ordered


def choose_pools(spec: CloudSpec, zones: Iterable[str], attempts: Sequence[Attempt], *, now: float) -> list[Pool]:
    """Return where the next attempt may be launched, in the order of preference; Spot before on demand.

    EC2 chooses among the Spot pools by price and capacity, so a pool that must not be tried first is not among them.
    """
    memory, zones = remember(attempts), list(zones)
    markets = (Market.SPOT, Market.ON_DEMAND) if spec.may_use_on_demand else (Market.SPOT,)
    chosen: list[Pool] = []
    for market in markets:
        pools = [Pool(instance_type=name, zone=zone, market=market) for name in spec.instance_types for zone in zones]
        chosen += choose(pools, memory, now)
    return chosen


def _heat(memory: Iterable[Failure], now: float) -> Mapping[Pool, float]:
    """Return how much each pool's failures count now: 1 right after one, half of it after its half-life."""
    heat: dict[Pool, float] = {}
    for failure in memory:
        age_s = max(0.0, now - failure.at)
        heat[failure.pool] = heat.get(failure.pool, 0.0) + 0.5 ** (age_s / HALF_LIVES_S[failure.cause])
    return heat
