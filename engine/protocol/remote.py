"""A run that another machine trains: remote.json, written by the process that follows it from here.

That process holds the run's supervisor.lock while it lives. The run goes on without it.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from engine.protocol.files import write_whole


class Remote(Struct, frozen=True, kw_only=True):
    """What is known here of a run that another machine trains."""

    place: str
    """Where: spot."""
    is_active: bool
    """Whether a machine trains it, is being started for it, or will be."""
    sentence: str
    """What happens there, in one line."""
    time: float
    """Seconds since 1970 (UTC) when this was written."""
    alarm: str = ""
    """What a user should know or do; empty: all is well."""
    is_training: bool = False
    """Whether an engine trains; else the machine starts, or the next one is looked for."""


def write_remote(path: Path, remote: Remote) -> None:
    """Write what is known. Raises StorageError."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(remote)))


def read_remote(path: Path) -> Remote | None:
    """Return what is known; None for a run of this machine."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Remote)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
