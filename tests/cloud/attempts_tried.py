"""What the tests of an attempt have in common: its settings, and looks into its bucket."""

from __future__ import annotations

import zipfile
from pathlib import Path

from cloud.checkpoints import read_head, restore_checkpoint
from engine.launch import find_engine
from engine.protocol.checkpoints import POLICY, Checkpoint
from tests.cloud.instances import Bucket, Instance

SHORT = ("total_timesteps=3000", "checkpoints.every_timesteps=512")
LONG = ("total_timesteps=2_000_000", "checkpoints.every_timesteps=2048")


def digest(checkpoint: Checkpoint) -> dict[str, int]:
    """Return the checksum of each part of the policy; the archive itself has times in it."""
    with zipfile.ZipFile(checkpoint.path / POLICY) as archive:
        names = [name for name in archive.namelist() if name.endswith(".pth") and "variables" not in name]
        inner = {name: zipfile.ZipFile(archive.open(name)) for name in names}
        return {f"{name}/{info.filename}": info.CRC for name, each in inner.items() for info in each.infolist()}


def head_step(bucket: Bucket) -> int:
    """Return the step of the newest checkpoint in the bucket, -1 before the first."""
    head = read_head(bucket.store, bucket.keys)
    return head.step if head else -1


def restored(bucket: Bucket, folder: Path, *, is_exact: bool = False) -> Checkpoint:
    found = restore_checkpoint(bucket.store, bucket.keys, folder / "restored", is_exact=is_exact)
    assert found is not None
    return found.checkpoint


def engine_pid(instance: Instance) -> int:
    holder = find_engine(instance.run)
    assert holder is not None
    return holder.pid
