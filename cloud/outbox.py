"""Which checkpoints of a run directory go to S3, and their upload: files are held while the engine deletes its own."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import NamedTuple

from cloud.emergency import Tier, choose_tier, light_bytes, upload_s, without_replay
from cloud.publisher import Publisher
from cloud.restoring import Beginning
from engine.protocol.checkpoints import (
    MANIFEST,
    Checkpoint,
    best_checkpoint,
    list_checkpoints,
    read_checkpoint,
)
from engine.protocol.crash_points import reach
from engine.protocol.errors import CheckpointError

MEASURED_BYTES = 256_000
"""A smaller upload measures round trips, not the line."""


class Name(NamedTuple):
    """What tells one checkpoint from another; the same step may be saved more than once."""

    step: int
    saved_at: float
    is_barrier: bool


class Outbox:
    """Publishes checkpoints of one run directory. Not for several threads at once."""

    def __init__(self, checkpoints: Path, holding: Path, publisher: Publisher, beginning: Beginning) -> None:
        """`holding` is a folder on the same disk, for links to the files that are being uploaded."""
        self._checkpoints = checkpoints
        self._holding = holding
        self._publisher = publisher
        self._keys = {Name(*known[:3]): known.manifest_key for known in beginning.checkpoints}
        self._evaluated: set[Name] = set()
        self._unusable: set[Name] = set()
        self.bytes_per_s: float | None = None
        """Measured at the last upload that was large enough."""
        self.typical_bytes = 0
        """What the last checkpoint added to what is in S3."""
        shutil.rmtree(holding, ignore_errors=True)

    def publish_new(self) -> None:
        """Publish what is new and wanted, the newest first. Raises FencedError and CloudError."""
        for checkpoint in self._wanted():
            self._publish(checkpoint)
        self._tell_evaluations()

    def publish_last(self, *, until: float) -> str:
        """Publish in the time that is left, by `time.monotonic`; return what was not, and why, in a sentence.

        The newest barrier comes first: only from there is going on exact.
        """
        left_out: list[str] = []
        for checkpoint in sorted(self._wanted(), key=lambda item: not item.manifest.is_barrier):
            full = self._publisher.new_bytes(checkpoint)
            light = light_bytes(checkpoint)
            left_s = until - time.monotonic()
            tier = choose_tier(left_s, full_bytes=full, light_bytes=light, bytes_per_s=self.bytes_per_s)
            if tier is Tier.FULL:
                self._publish(checkpoint)
                continue
            if tier is Tier.LIGHT:
                self._publish_light(checkpoint)
            needed_s = upload_s(full, self.bytes_per_s)
            left_out.append(
                f"Of the checkpoint at step {checkpoint.step:,}, {tier.value} is saved: {full / 1e6:.0f} MB take "
                f"{needed_s:.0f} s and {max(0.0, left_s):.0f} s were left."
            )
        return " ".join(left_out)

    def _wanted(self) -> list[Checkpoint]:
        """Return what is not published of the newest, the newest barrier, the best and those that may become the best.

        What is older comes too late.
        """
        found = list_checkpoints(self._checkpoints)
        barriers = [item for item in found if item.manifest.is_barrier]
        waiting = [item for item in found if item.manifest.is_evaluation_due and not item.manifest.evaluation]
        chosen = [*found[-1:], *barriers[-1:], best_checkpoint(found), *waiting]
        unique = {_name(item): item for item in chosen if item is not None}
        return [item for name, item in unique.items() if name not in self._keys and name not in self._unusable]

    def _publish(self, checkpoint: Checkpoint) -> None:
        folder = self._holding / checkpoint.path.name
        try:
            held = _hold(checkpoint, folder)
            if held is not None:
                self._publish_held(held)
        except CheckpointError:
            # Replaced while it was linked, then the new one comes next; or the disk damaged it.
            self._unusable.add(_name(checkpoint))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _publish_held(self, held: Checkpoint) -> None:
        new_bytes, began = self._publisher.new_bytes(held), time.monotonic()
        self._keys[_name(held)] = self._publisher.publish(held)
        took_s = time.monotonic() - began
        if held.manifest.evaluation is not None:
            self._evaluated.add(_name(held))
        self.typical_bytes = new_bytes
        if new_bytes >= MEASURED_BYTES or self.bytes_per_s is None:
            self.bytes_per_s = max(new_bytes, 1) / max(took_s, 1e-3)

    def _publish_light(self, checkpoint: Checkpoint) -> None:
        with without_replay(checkpoint, self._holding / "light") as light:
            self._publisher.publish(light)

    def _tell_evaluations(self) -> None:
        for checkpoint in list_checkpoints(self._checkpoints):
            name = _name(checkpoint)
            if checkpoint.manifest.evaluation is None or name in self._evaluated or name not in self._keys:
                continue
            self._publisher.tell_evaluation(self._keys[name], checkpoint)
            self._evaluated.add(name)


def _hold(checkpoint: Checkpoint, folder: Path) -> Checkpoint | None:
    """Return the checkpoint as hard links in `folder`, which nobody replaces; None where the engine let it go."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        for name in (MANIFEST, *checkpoint.manifest.files):
            os.link(checkpoint.path / name, folder / name)
    except FileNotFoundError:
        return None
    reach("cloud-checkpoint-held")
    held = read_checkpoint(folder)
    return held if held is not None and held.manifest.files == checkpoint.manifest.files else None


def _name(checkpoint: Checkpoint) -> Name:
    manifest = checkpoint.manifest
    return Name(manifest.step, manifest.saved_at, manifest.is_barrier)
