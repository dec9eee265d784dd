"""What `rlrobo cloud doctor` finds, and what it looks at."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from cloud.deploy import DEFAULT_STACK
from cloud.door import Door


class Verdict(str, Enum):
    """How a check went."""

    OK = "ok"
    REPAIRED = "repaired"
    WARNING = "warning"
    FAILURE = "failure"


class Finding(Struct, frozen=True, kw_only=True):
    """What one check found."""

    name: str
    verdict: Verdict
    seen: str
    fix: str = ""
    """What to do about it."""


class Visit(Struct, frozen=True, kw_only=True):
    """What a doctor looks at, and whether it may repair."""

    door: Door
    stack: str = DEFAULT_STACK
    may_repair: bool = True
