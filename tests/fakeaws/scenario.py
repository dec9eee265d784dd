"""What this AWS has and how it fails: capacity, prices and quotas by pool, faults by action. Changed at any time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

from cloud.records import Market, Pool
from tests.fakeaws.calls import Call
from tests.fakeaws.policy import RolePolicy


class Fails(Enum):
    """In which way a call fails."""

    ERROR = "error"
    """It is refused with a code; nothing happens."""
    REPLY_LOST = "reply lost"
    """It is carried out, and the connection breaks before the answer."""
    CUT = "cut"
    """The connection breaks; nothing happens."""
    SLOW = "slow"
    """It is carried out, after `delay_s`."""


class From(Enum):
    """Whose calls fail."""

    ANYBODY = "anybody"
    USER = "user"
    """Who has the keys of `FakeAws.environment()`."""
    INSTANCE = "instance"
    """Who has the keys of an instance's role."""


@dataclass(kw_only=True)
class Fault:
    """Calls that fail. The first fault that fits a call is used."""

    action: str
    """CreateFleet, PutObject…; `*`: every action."""
    code: str = ""
    message: str = "Told to fail."
    status: int = 400
    fails: Fails = Fails.ERROR
    by: From = From.ANYBODY
    times: int | None = 1
    """How many calls fail; None: all, until the fault is removed."""
    skip: int = 0
    """How many calls that fit go well before."""
    delay_s: float = 0.0
    where: Callable[[Call], bool] = lambda _: True
    """Which calls of that action."""


class PoolError(Exception):
    """Why a pool gives no instance; becomes an entry of CreateFleet's `Errors` or RunInstances' error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


DEFAULT_QUOTAS = {
    "L-34B43A08": 256.0,
    "L-3819A6DF": 0.0,
    "L-7212CCBC": 0.0,
    "L-1216C47A": 256.0,
    "L-DB2E81BA": 0.0,
    "L-417A185B": 0.0,
}
"""vCPUs: Spot Standard, G and VT, P; on-demand the same. A new account has 5, 0, 0 and 5, 0, 0."""
QUOTA_NAMES = {
    "L-34B43A08": "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
    "L-3819A6DF": "All G and VT Spot Instance Requests",
    "L-7212CCBC": "All P4, P3 and P2 Spot Instance Requests",
    "L-1216C47A": "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
    "L-DB2E81BA": "Running On-Demand G and VT instances",
    "L-417A185B": "Running On-Demand P instances",
}


@dataclass
class Scenario:
    """The world outside rlrobo. Prices are US dollars an hour, times seconds since 1970."""

    capacity: dict[Pool, int] = field(default_factory=dict)
    """Instances that a pool has; a pool that is not named here has as many as anybody wants."""
    prices: dict[Pool, list[tuple[float, float]]] = field(default_factory=dict)
    """From when a pool costs what, ascending; a pool that is not named costs `usual_price`."""
    pool_errors: dict[Pool, tuple[str, str]] = field(default_factory=dict)
    """Code and message with which a pool refuses every launch."""
    quotas: dict[str, float] = field(default_factory=lambda: dict(DEFAULT_QUOTAS))
    """vCPUs by quota code, in every region."""
    hidden_describes: int = 0
    """How many looks at a new instance answer that there is none: EC2 is eventually consistent."""
    pending_s: float = 0.0
    """How long a new instance is pending before it boots."""
    role_lifetime_s: float = 6 * 3600.0
    """Lifetime of the role credentials that instances get."""
    role: RolePolicy | None = None
    """What the role of instances may do; None: everything."""
    _faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reset(self) -> None:
        """Make everything as it was at the beginning."""
        fresh = Scenario()
        with self._lock:
            for name, value in vars(fresh).items():
                if name != "_lock":
                    setattr(self, name, value)

    def fail(self, fault: Fault) -> Fault:
        """Let calls fail from now on; return the fault, for `remove`."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Let these calls succeed again."""
        with self._lock:
            if fault in self._faults:
                self._faults.remove(fault)

    def fault_of(self, call: Call, *, by: From) -> Fault | None:
        """Return how this call fails, None: not; counts it."""
        with self._lock:
            for fault in self._faults:
                if (
                    fault.action not in ("*", call.action)
                    or fault.by not in (From.ANYBODY, by)
                    or not fault.where(call)
                ):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                return fault
        return None

    def set_price(self, pool: Pool, price_usd_h: float, *, at: float | None = None) -> None:
        """Let a pool cost this from `at` on, now by default."""
        curve = self.prices.setdefault(pool, [(0.0, usual_price(pool))])
        curve.append((time.time() if at is None else at, price_usd_h))
        curve.sort()

    def price(self, pool: Pool, at: float) -> float:
        """Return what a pool costs at a time."""
        begun = [price for since, price in self.curve(pool) if since <= at]
        return begun[-1] if begun else usual_price(pool)

    def curve(self, pool: Pool) -> list[tuple[float, float]]:
        """Return from when a pool costs what."""
        return self.prices.get(pool, [(0.0, usual_price(pool))])

    def cost(self, pool: Pool, begin: float, end: float) -> float:
        """Return what an instance of a pool costs between two times: to the second, at least a minute."""
        end = max(end, begin + 60.0)
        changes = [begin, *(since for since, _ in self.curve(pool) if begin < since < end), end]
        return sum(self.price(pool, since) * (until - since) / 3600.0 for since, until in pairwise(changes))


def usual_price(pool: Pool) -> float:
    """Return a price that differs by type and, on Spot, by zone: on demand 5 cents for a vCPU, Spot about a third."""
    on_demand = 0.05 * num_vcpus(pool.instance_type)
    if pool.market is Market.ON_DEMAND:
        return on_demand
    return round(on_demand * (0.30 + 0.01 * (ord(pool.zone[-1]) - ord("a"))), 5)


def num_vcpus(instance_type: str) -> int:
    """Return the vCPUs of a type. Raises PoolError where EC2 has no such type."""
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    if instance_type not in INSTANCE_TYPES:
        raise PoolError("InvalidInstanceType", f"The instance type '{instance_type}' does not exist.")
    return int(INSTANCE_TYPES[instance_type]["VCpuInfo"]["DefaultVCpus"])


def quota_of(pool: Pool) -> str:
    """Return the code of the quota that counts a pool's instances."""
    letter, is_spot = pool.instance_type[0], pool.market is Market.SPOT
    if letter in "gv":
        return "L-3819A6DF" if is_spot else "L-DB2E81BA"
    if letter == "p":
        return "L-7212CCBC" if is_spot else "L-417A185B"
    return "L-34B43A08" if is_spot else "L-1216C47A"
