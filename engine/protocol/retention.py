"""Which checkpoints stay: the last few, the best, one for each stretch of timesteps; and how the others go.

`to_delete` decides and touches nothing; `apply` deletes. The engine calls `apply` after each save and `clear_leftovers`
before it starts; whoever calls either must hold the run's lock.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

import psutil

from engine.protocol.checkpoints import Checkpoint, by_preference, list_checkpoints, verify
from engine.protocol.config import Checkpoints
from engine.protocol.errors import CheckpointError


def verifies(checkpoint: Checkpoint) -> bool:
    """Return whether every file is as the manifest says; reads them all."""
    try:
        verify(checkpoint)
    except CheckpointError:
        return False
    return True


def to_delete(
    checkpoints: list[Checkpoint], rules: Checkpoints, *, is_good: Callable[[Checkpoint], bool] = verifies
) -> list[Checkpoint]:
    """Return those of `checkpoints` that `rules` let go, by step.

    The latest good one is never among them, however many damaged ones are newer; nor, with `keep_best`, the best good
    one. `is_good` is asked only when something could go, and then of as few as possible: it reads whole files.
    """
    by_step = sorted(checkpoints, key=lambda item: item.step)
    if not rules.keep_last or len(by_step) <= rules.keep_last:
        return []
    kept = {item.path for item in [*by_step[-rules.keep_last :], *_one_for_each_stretch(by_step, rules.keep_every)]}
    if len(kept) == len(by_step):
        return []
    orders = ["latest", "best"] if rules.keep_best else ["latest"]
    for order in orders:
        good = next((item for item in by_preference(by_step, order) if is_good(item)), None)
        if good is None:  # nothing verifies: what is left may still be worth a rescue by hand
            return []
        kept.add(good.path)
    return [item for item in by_step if item.path not in kept]


def apply(folder: Path, rules: Checkpoints, *, awaited: Collection[Path] = ()) -> list[Checkpoint]:
    """Delete what `rules` let go in `folder`, and leftovers; return what was deleted.

    What is `awaited`, by somebody who is going to read it, stays until the next time. Each is renamed before its files
    go, so that a crash leaves no half checkpoint in sight. What cannot be renamed stays until the next time, too: a
    checkpoint too many is no reason to end a training.
    """
    clear_leftovers(folder)
    deleted: list[Checkpoint] = []
    for checkpoint in to_delete(list_checkpoints(folder), rules):
        if checkpoint.path in awaited:
            continue
        hidden = checkpoint.path.with_name(f".{checkpoint.path.name}.deleted.{os.getpid()}.tmp")
        with contextlib.suppress(OSError):
            checkpoint.path.rename(hidden)
            deleted.append(checkpoint)
            shutil.rmtree(hidden, ignore_errors=True)
    return deleted


def clear_leftovers(folder: Path) -> None:
    """Remove what dead processes left half written or half deleted in `folder`.

    A checkpoint that was being replaced by one of the same step comes back when the new one never took its place.
    """
    for old in sorted(folder.glob(".*.old"), reverse=True):
        final = old.with_name(old.name.split(".")[1])
        if not final.exists():
            with contextlib.suppress(OSError):
                old.rename(final)
                continue
        shutil.rmtree(old, ignore_errors=True)
    for manifest in folder.glob("[0-9]*/.*.tmp"):  # whoever wrote an evaluation into it had the lock and is dead
        with contextlib.suppress(OSError):
            manifest.unlink()
    for temporary in folder.glob(".*.tmp"):
        if not _belongs_to_another_process(temporary):
            shutil.rmtree(temporary, ignore_errors=True)


def _one_for_each_stretch(by_step: list[Checkpoint], length: int) -> list[Checkpoint]:
    """Return the first checkpoint at or after each multiple of `length` timesteps."""
    first: dict[int, Checkpoint] = {}
    if length:
        for checkpoint in by_step:
            first.setdefault(checkpoint.step // length, checkpoint)
    return [checkpoint for stretch, checkpoint in first.items() if stretch]


def _belongs_to_another_process(temporary: Path) -> bool:
    """Whether another process that lives may be writing it. Our own pid means an earlier life, as in a container."""
    pid = temporary.name.split(".")[-2]
    return pid.isdecimal() and int(pid) != os.getpid() and psutil.pid_exists(int(pid))
