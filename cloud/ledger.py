"""What a run has cost: spans of time at the price that the pool had then, written down once and never priced again."""

from __future__ import annotations

from pathlib import Path

import msgspec

from cloud.records import LedgerEntry, Pool
from engine.protocol.files import write_whole

MIN_BILLED_S = 60.0
"""EC2 bills Linux instances by the second, at least a minute (AWS, "Amazon EC2 billing and purchasing options")."""


class Ledger:
    """The entries of one run, in a file. Only the last one can grow."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.entries = _read(path)

    def charge(self, attempt: int, pool: Pool, *, begin: float, end: float, prices: tuple[float, float | None]) -> None:
        """Take down that an attempt's instance was there from `begin` to `end`; seconds since 1970.

        `prices` are those of the pool and of an on-demand instance of its type, in dollars an hour. What is charged
        already stays as it is: only the time after it gets these prices. Raises StorageError.
        """
        charged_until = max((entry.end for entry in self.entries if entry.attempt == attempt), default=begin)
        if end <= charged_until:
            return
        price, on_demand = prices
        entry = LedgerEntry(
            attempt=attempt,
            pool=pool,
            begin=charged_until,
            end=end,
            price_per_hour_usd=price,
            on_demand_price_per_hour_usd=on_demand,
        )
        last = self.entries[-1] if self.entries else None
        if last is not None and _goes_on(last, entry):
            self.entries[-1] = msgspec.structs.replace(last, end=end)
        else:
            self.entries.append(entry)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._path, b"".join(msgspec.json.encode(each) + b"\n" for each in self.entries))

    @property
    def spent_usd(self) -> float:
        """All of it, with the minimum of each instance."""
        return sum(self.spent_on(attempt) for attempt in {entry.attempt for entry in self.entries})

    def spent_on(self, attempt: int) -> float:
        """What one attempt cost; an instance that was there for less than a minute costs a minute."""
        own = [entry for entry in self.entries if entry.attempt == attempt]
        short_s = MIN_BILLED_S - sum(entry.end - entry.begin for entry in own)
        minimum = max(0.0, short_s) * own[-1].price_per_hour_usd / 3600.0 if own else 0.0
        return sum(entry.cost_usd() for entry in own) + minimum

    @property
    def saved_usd(self) -> float:
        """How much less than on-demand instances of the same types would have cost."""
        return sum(
            (entry.on_demand_price_per_hour_usd - entry.price_per_hour_usd) * (entry.end - entry.begin) / 3600.0
            for entry in self.entries
            if entry.on_demand_price_per_hour_usd is not None
        )


def _goes_on(last: LedgerEntry, entry: LedgerEntry) -> bool:
    prices = (last.price_per_hour_usd, last.on_demand_price_per_hour_usd)
    is_same = (last.attempt, last.pool, last.end) == (entry.attempt, entry.pool, entry.begin)
    return is_same and prices == (entry.price_per_hour_usd, entry.on_demand_price_per_hour_usd)


def _read(path: Path) -> list[LedgerEntry]:
    """Return the entries in a file; a line that cannot be read is passed over."""
    found: list[LedgerEntry] = []
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return found
    for line in lines:
        try:
            found.append(msgspec.json.decode(line, type=LedgerEntry))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return found
