"""How often and how long: every interval and margin of a run in the cloud, in one place.

RLROBO_CLOUD_TIMESCALE multiplies them all, so that tests run in seconds.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec
from msgspec import Struct

VARIABLE = "RLROBO_CLOUD_TIMESCALE"


class Timing(Struct, frozen=True, kw_only=True):
    """Seconds."""

    tick_s: float = 1.0
    """Between two looks of the agent at the engine, the budget and the deadline."""
    notice_poll_s: float = 3.0
    """Between two looks for an interruption notice; AWS recommends 5 s (EC2 user guide, Spot interruption notices)."""
    rebalance_poll_s: float = 15.0
    """Between two looks for a rebalance recommendation."""
    command_poll_s: float = 5.0
    """Between two looks for commands of the user; with the two below a run's requests cost about a cent an hour."""
    mirror_s: float = 5.0
    """Between two uploads of new events and of the sign of life."""
    log_s: float = 30.0
    """Between two uploads of the logs."""
    checkpoint_poll_s: float = 2.0
    """Between two looks for new checkpoints."""
    lease_poll_s: float = 15.0
    """Between two looks whether a later attempt holds the lease."""
    first_backoff_s: float = 0.5
    """Before the second try of a call that failed for a passing reason; doubled for each further try."""
    longest_backoff_s: float = 20.0
    """Of those waits, the longest."""
    patience_s: float = 120.0
    """A call that fails for a passing reason is tried for this long where nothing presses."""
    stop_s: float = 45.0
    """An engine that was asked to stop is killed after this long."""
    emergency_stop_s: float = 15.0
    """The same where AWS takes the instance back; also how long before the last moment it is asked to stop."""
    margin_s: float = 10.0
    """All uploads are done this long before AWS takes the instance back."""
    ending_s: float = 120.0
    """Training stops this long before the deadline, and before the money is spent."""
    last_mirror_s: float = 1800.0
    """For the last uploads of a run that is over, checkpoints included; the deadline cuts it short."""
    link_s: float = 5.0
    """Between two looks of the user's machine at a run."""
    view_retry_s: float = 2.0
    """Before a second try to reach an instance by SSH; doubled for each further try."""
    longest_view_retry_s: float = 120.0
    """Of those waits, the longest."""
    identity_s: float = 120.0
    """For the metadata service to answer after the boot."""


def read_timing(environment: Mapping[str, str] = os.environ) -> Timing:
    """Return the times, scaled as the environment says."""
    scale = float(environment.get(VARIABLE, 1.0))
    return Timing(**{name: scale * value for name, value in msgspec.structs.asdict(Timing()).items()})
