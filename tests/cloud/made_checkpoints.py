"""Checkpoints with made-up content, as the engine writes them, and attempts that hold a run."""

from __future__ import annotations

import shutil
from pathlib import Path

from cloud.checkpoints import restore_checkpoint
from cloud.layout import RunKeys
from cloud.lease import HeldLease, take_lease
from cloud.publisher import Publisher
from cloud.records import Lease
from cloud.store import ObjectStore
from engine.protocol.checkpoints import Checkpoint, EvaluationResult, Manifest, new_checkpoint, read_checkpoint, verify

KEYS = RunKeys("run")


def make_checkpoint(
    folder: Path,
    step: int,
    *,
    is_barrier: bool = True,
    salt: str = "",
    return_mean: float | None = None,
    with_replay: bool = True,
    is_evaluation_due: bool = False,
) -> Checkpoint:
    """Save a checkpoint whose first replay segment is the same in all of them."""
    evaluation = None if return_mean is None else EvaluationResult(return_mean=return_mean, return_std=0.0, episodes=5)
    manifest = Manifest(
        step=step,
        algorithm="sac",
        task="cartpole_balance",
        reason="periodic",
        saved_at=float(step),
        files={},
        is_barrier=is_barrier,
        evaluation=evaluation,
        is_evaluation_due=is_evaluation_due,
    )
    with new_checkpoint(folder, manifest) as files:
        (files / "policy.zip").write_bytes(f"policy {step} {salt}".encode() * 50)
        (files / "state.json").write_bytes(f"state {step} {salt}".encode())
        if with_replay:
            (files / "replay_00000.npz").write_bytes(b"the first transitions" * 100)
            (files / "replay_00001.npz").write_bytes(f"transitions {step} {salt}".encode() * 100)
    checkpoint = read_checkpoint(folder / f"{step:09d}")
    assert checkpoint is not None
    return checkpoint


def hold(store: ObjectStore, epoch: int, *, instance: str = "") -> HeldLease:
    """Take the lease of the run for an attempt."""
    return hold_run(store, KEYS, epoch, instance=instance)


def hold_run(store: ObjectStore, keys: RunKeys, epoch: int, *, instance: str = "") -> HeldLease:
    """Take the lease of any run."""
    lease = Lease(epoch=epoch, instance_id=instance or f"i-{epoch}", taken_at=0.0, deadline=1e9)
    return take_lease(store, keys, lease)


def publisher(store: ObjectStore, epoch: int) -> Publisher:
    """Return the publisher of an attempt that holds the lease."""
    return Publisher(store, KEYS, hold(store, epoch))


def restored_step(store: ObjectStore, folder: Path, *, is_exact: bool = True) -> int:
    """Restore into an empty folder; return the step, or -1 where there is nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    found = restore_checkpoint(store, KEYS, folder, is_exact=is_exact)
    if found is None:
        return -1
    verify(found.checkpoint)
    return found.checkpoint.step
