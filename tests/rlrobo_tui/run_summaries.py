"""Summaries of runs for tests of what lists them."""

from typing import Any

import msgspec

from engine.protocol.status import Status
from engine.protocol.summary import RunSummary

STARTED_AT = 1_800_000_000.0
_PLAIN = RunSummary(
    id="20270115T080000Z-ant_walk-ppo-s1", dir="/runs/x", task="ant_walk", algorithm="ppo", seed=1,
    status=Status.RUNNING, end_reason=None, message="", step=500_000, total_steps=1_000_000, started_at=STARTED_AT,
    updated_at=STARTED_AT, return_mean=1200.0, best_return_mean=1500.0, steps_per_second=2000.0, hostname="here",
)  # fmt: skip


def summary(**changes: Any) -> RunSummary:
    """Return a running run of ant_walk with `changes`."""
    return msgspec.structs.replace(_PLAIN, **changes)
