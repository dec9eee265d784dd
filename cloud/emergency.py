"""What can still be saved before AWS takes an instance back: arithmetic over the time left and the measured upload."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import msgspec
from msgspec import Struct

from cloud.timing import Timing
from engine.protocol.checkpoints import (
    MANIFEST,
    REPLAY_PREFIX,
    Checkpoint,
    list_checkpoints,
    new_checkpoint,
)

ASSUMED_BYTES_PER_S = 5e6
"""Before anything was uploaded; chosen: a tenth of what small instances have to S3 of their region."""
CAUTION = 1.5
"""An upload may take this much longer than measured."""


class Tier(Enum):
    """What of a checkpoint is uploaded."""

    FULL = "everything"
    LIGHT = "everything but the replay buffer"
    NOTHING = "nothing; the last checkpoint in S3 stays"


class Times(Struct, frozen=True, kw_only=True):
    """Moments of an emergency, in seconds since 1970."""

    stop_at: float
    """The engine is asked to stop."""
    kill_at: float
    """An engine that has not stopped is killed."""
    done_by: float
    """All uploads have ended."""


def plan(at: float, *, new_bytes: int, bytes_per_s: float | None, timing: Timing) -> Times:
    """Return when to do what, if AWS takes the instance back `at` and a checkpoint has `new_bytes` to upload.

    The engine trains as long as there is time for it, so that as little as possible is lost.
    """
    done_by = at - timing.margin_s
    kill_at = done_by - upload_s(new_bytes, bytes_per_s)
    return Times(stop_at=kill_at - timing.emergency_stop_s, kill_at=kill_at, done_by=done_by)


def choose_tier(left_s: float, *, full_bytes: int, light_bytes: int, bytes_per_s: float | None) -> Tier:
    """Return how much of a checkpoint can be uploaded in the time that is left."""
    if left_s <= 0.0:
        return Tier.NOTHING
    if upload_s(full_bytes, bytes_per_s) <= left_s:
        return Tier.FULL
    if light_bytes < full_bytes and upload_s(light_bytes, bytes_per_s) <= left_s:
        return Tier.LIGHT
    return Tier.NOTHING


def upload_s(num_bytes: int, bytes_per_s: float | None) -> float:
    """Return how long an upload may take, in seconds."""
    return CAUTION * num_bytes / (bytes_per_s or ASSUMED_BYTES_PER_S)


def light_bytes(checkpoint: Checkpoint) -> int:
    """Return the size of a checkpoint without its replay buffer."""
    entries = checkpoint.manifest.files.items()
    return sum(entry.size_bytes for name, entry in entries if not name.startswith(REPLAY_PREFIX))


@contextlib.contextmanager
def without_replay(checkpoint: Checkpoint, folder: Path) -> Iterator[Checkpoint]:
    """Yield a copy without the replay buffer in `folder`, which exists as long as the block lasts.

    Whoever goes on from it begins with an empty buffer: it is no barrier any more. Raises StorageError.
    """
    manifest = msgspec.structs.replace(checkpoint.manifest, is_barrier=False, reason="emergency")
    try:
        with new_checkpoint(folder, manifest, previous=checkpoint) as files:
            for path in checkpoint.path.iterdir():
                if path.name != MANIFEST and not path.name.startswith(REPLAY_PREFIX):
                    os.link(path, files / path.name)
        [copy] = list_checkpoints(folder)
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)
