"""What a run would cost on each instance type and zone: today's prices, and how long it is expected to take."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from cloud.door import Door
from cloud.instance_types import check_types
from cloud.prices import on_demand_prices, spot_prices
from cloud.records import Pool
from cloud.speeds import expected_speed


class Offer(Struct, frozen=True, kw_only=True):
    """A pool that a run could be trained in."""

    pool: Pool
    vcpus: int
    memory_gib: float
    gpu: str = ""
    """Such as `NVIDIA A10G`; empty: none."""
    price_per_hour_usd: float
    """On Spot, now."""
    on_demand_price_per_hour_usd: float | None = None
    """Of the same type; None: AWS did not say."""
    steps_per_second: float | None = None
    """Expected; None: nobody has trained this task with this algorithm."""
    is_measured: bool = False
    """Whether that was measured on this type; else it is an estimate."""
    hours: float | None = None
    """Expected for all timesteps, without interruptions."""

    @property
    def total_usd(self) -> float | None:
        """What the whole run is expected to cost; None: not known."""
        return None if self.hours is None else self.hours * self.price_per_hour_usd

    @property
    def saved_share(self) -> float | None:
        """How much cheaper than on demand the hour is, from 0 to 1; None: not known."""
        on_demand = self.on_demand_price_per_hour_usd
        return None if not on_demand else 1.0 - self.price_per_hour_usd / on_demand


def offers(door: Door, *, instance_types: Sequence[str], num_steps: int, task: str, algorithm: str) -> list[Offer]:
    """Return the Spot offers for a run, the cheapest whole run first, then by the hour where that is not known.

    Raises UnknownNameError where the region has no such type, CloudError.
    """
    facts = check_types(door, instance_types)
    on_demand = on_demand_prices(door, facts)
    speeds = {name: expected_speed(each, task=task, algorithm=algorithm) for name, each in facts.items()}
    found = []
    for pool, price in spot_prices(door, facts).items():
        each, speed = facts[pool.instance_type], speeds[pool.instance_type]
        found.append(
            Offer(
                pool=pool,
                vcpus=each.vcpus,
                memory_gib=each.memory_gib,
                gpu=each.gpu,
                price_per_hour_usd=price,
                on_demand_price_per_hour_usd=on_demand.get(each.name),
                steps_per_second=speed and speed.steps_per_second,
                is_measured=speed is not None and speed.is_measured,
                hours=speed and num_steps / speed.steps_per_second / 3600.0,
            )
        )
    return sorted(found, key=_by_cost)


def _by_cost(offer: Offer) -> tuple[bool, float, float, Pool]:
    total = offer.total_usd
    return total is None, total or 0.0, offer.price_per_hour_usd, offer.pool
