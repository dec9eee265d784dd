"""When this instance has to end: the run's deadline, and the moment its money is spent, whichever comes first.

The instance counts by itself, from the records of the attempts: nobody else need be awake. Pure arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct

from cloud.ledger import MIN_BILLED_S
from cloud.records import Attempt, Cause, CloudSpec


class Limits(Struct, frozen=True, kw_only=True):
    """Moments in seconds since 1970 at which training has to stop."""

    deadline: float
    """Of the run."""
    broke_at: float = math.inf
    """When the money is spent."""

    @property
    def end(self) -> float:
        """The earlier one."""
        return min(self.deadline, self.broke_at)

    def reached(self, now: float) -> Cause:
        """Return why training has to stop now; NONE: it need not."""
        if now >= self.broke_at:
            return Cause.BUDGET
        return Cause.DEADLINE if now >= self.deadline else Cause.NONE


def limits(spec: CloudSpec, attempts: Iterable[Attempt], number: int, *, began_at: float, ending_s: float) -> Limits:
    """Return the limits of attempt `number`, whose instance is paid since `began_at`.

    `ending_s` are kept back for the last checkpoint and the shutdown, which are paid, too. Other attempts cost what
    their records tell; one whose end is not known costs until this one began.
    """
    deadline = spec.deadline() - ending_s
    if spec.max_price_total_usd is None:
        return Limits(deadline=deadline)
    known = {attempt.number: attempt for attempt in attempts}
    own = known.pop(number, None)
    left_usd = spec.max_price_total_usd - sum(cost_usd(attempt, until=began_at) for attempt in known.values())
    price = _price(own) if own else None
    if not price:
        return Limits(deadline=deadline, broke_at=began_at if left_usd <= 0.0 else math.inf)
    return Limits(deadline=deadline, broke_at=began_at + 3600.0 * left_usd / price - ending_s)


def cost_usd(attempt: Attempt, *, until: float) -> float:
    """Return what an attempt cost, as far as its record tells; without an end, what it cost `until` then."""
    price, begin = _price(attempt), attempt.launched_at
    if not price or begin is None:
        return 0.0
    end = until if attempt.ended_at is None else attempt.ended_at
    return price * max(MIN_BILLED_S, end - begin) / 3600.0


def _price(attempt: Attempt) -> float | None:
    """Return the price for an hour; where the Spot price is not known, the on-demand price is the most it can be."""
    return attempt.price_per_hour_usd or attempt.on_demand_price_per_hour_usd
