"""What the process that follows a run in the cloud tells viewers on the user's machine: cloud/link.json, one struct."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from cloud.records import Pool


class LinkState(str, Enum):
    """What the user's machine knows of the cloud right now."""

    LAUNCHING = "launching"
    BOOTING = "booting"
    TRAINING = "training"
    SAVING = "saving"
    RECOVERING = "recovering"
    """Between two attempts."""
    AWAY = "away"
    """AWS or the network does not answer; the run goes on."""
    ENDED = "ended"


class Way(str, Enum):
    """How news of a run come to the user's machine."""

    S3 = "s3"
    SSH = "ssh"
    """From the instance itself, while it can be reached; S3 confirms it."""


class LinkReport(Struct, frozen=True, kw_only=True):
    """What the link process tells viewers: cloud/link.json of the run directory, rewritten every few seconds."""

    state: LinkState
    sentence: str
    """What happens, why, and what to do, in one line."""
    time: float
    """When it was written."""
    contact_at: float | None = None
    """When S3 answered last."""
    through: Way = Way.S3
    """The quickest way by which news come."""
    news_at: float | None = None
    """When something came by it last."""
    attempt: int = 0
    instance_id: str = ""
    pool: Pool | None = None
    interruptions: int = 0
    lost_steps: int = 0
    spent_usd: float = 0.0
    saved_usd: float = 0.0
    """Against on-demand prices of the same types."""
    price_per_hour_usd: float | None = None
    cap_usd: float | None = None
    deadline: float | None = None
    stored_bytes: int | None = None
    """In S3, of this run."""
