"""What a run had cost at each moment, by the ledger on this machine. Asks AWS for nothing, and knows no widgets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cloud.ledger import Ledger
from cloud.local import CloudFiles
from engine.protocol.run_dir import RunDir

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Dollars over time: they rise evenly while a machine is paid, and stay the same between two machines."""

    times: Floats
    """Ascending, seconds since 1970 (UTC): where a price begins or ends, (n,)."""
    usd: Floats
    """All that was paid until then, (n,)."""
    spent_usd: float
    """All of it; more than the last of `usd` where a machine was there for less than the minute that AWS bills."""

    def at(self, times: Floats) -> Floats:
        """Return what was paid until each of `times`; what is newer than the ledger costs nothing yet."""
        return np.interp(times, self.times, self.usd) if len(self.times) else np.zeros(len(times))


class CostTail:
    """Follows the ledger of a run."""

    def __init__(self, run: RunDir) -> None:
        self._files = CloudFiles(run)
        self._stamp: tuple[int, int] | None = None
        self.costs: Costs | None = None
        """None: it was trained here, at no price."""

    def poll(self) -> bool:
        """Read the ledger if it is another than before; return whether it was read."""
        stamp = (_changed_at(self._files.ledger), _changed_at(self._files.spec))
        if stamp == self._stamp:
            return False
        self._stamp, self.costs = stamp, read_costs(self._files)
        return True


def read_costs(files: CloudFiles) -> Costs | None:
    """Return what a run has cost so far; None for one that was never sent to the cloud."""
    ledger = Ledger(files.ledger)
    return costs_of(ledger) if ledger.entries or files.spec.exists() else None


def costs_of(ledger: Ledger) -> Costs:
    """Return what its entries add up to; they may overlap."""
    begins = np.array([entry.begin for entry in ledger.entries])
    ends = np.array([entry.end for entry in ledger.entries])
    rates = np.array([entry.price_per_hour_usd for entry in ledger.entries]) / 3600.0
    edges = np.concatenate([begins, ends])
    order = np.argsort(edges, kind="stable")
    times = edges[order]
    rate = np.cumsum(np.concatenate([rates, -rates])[order])
    # Rounding must not let the sum fall where the last machine has gone.
    paid = np.maximum(rate[:-1], 0.0) * np.diff(times)
    usd = np.concatenate([np.zeros(min(1, len(times))), np.cumsum(paid)])
    return Costs(times=times, usd=usd, spent_usd=ledger.spent_usd)


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return -1
