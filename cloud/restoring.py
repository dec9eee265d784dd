"""Make the run directory on an instance from what is in S3: inputs, events, and the checkpoint to go on from.

Without a checkpoint the attempt begins from the inputs. That is the same as from a checkpoint of timestep 0, which the
engine does not write: all that it would hold follows from the configuration and its seed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from cloud.checkpoints import fetch_checkpoint, order_of, read_head, restore_checkpoint
from cloud.errors import CloudError
from cloud.layout import RunKeys
from cloud.segments import read_segments
from cloud.store import ObjectStore
from engine.protocol.checkpoints import Checkpoint
from engine.protocol.crash_points import reach
from engine.protocol.errors import CheckpointError, StorageError
from engine.protocol.events import AnyEvent, Resumed, RunStarted
from engine.protocol.files import write_whole
from engine.protocol.json_lines import event_reader
from engine.protocol.run_dir import RunDir


class Known(NamedTuple):
    """A checkpoint that is here and in S3."""

    step: int
    saved_at: float
    is_barrier: bool
    manifest_key: str


class Beginning(Struct, frozen=True, kw_only=True):
    """What an attempt begins from."""

    seq: int = 0
    """Of the last event that was in S3."""
    step: int = 0
    """Of the checkpoint; 0: from the inputs."""
    checkpoints: tuple[Known, ...] = ()
    """That checkpoint, and earlier ones that still wait for their evaluation."""
    total_timesteps: int = 0
    """What the run trains for, as its events say; 0: as its configuration says."""
    passed_over: tuple[str, ...] = ()
    """What is wrong with newer checkpoints, a sentence each."""


def restore_run(store: ObjectStore, keys: RunKeys, run: RunDir, *, is_exact: bool) -> Beginning:
    """Fill the run directory; it did not exist, or is what a restore that was cut off left.

    Raises CloudError, CheckpointError where no checkpoint of several verifies, and StorageError.
    """
    try:
        shutil.rmtree(run.path, ignore_errors=True)
        run.checkpoints.mkdir(parents=True)
        _bring_inputs(store, keys, run.path)
        reach("cloud-inputs-restored")
        seq = _bring_events(store, keys, run.events)
    except OSError as err:
        raise StorageError.from_os_error(err, run.path) from err
    events = event_reader(run.events).read_new()
    restored = restore_checkpoint(store, keys, run.checkpoints, is_exact=is_exact)
    reach("cloud-checkpoint-restored")
    if restored is None:
        return Beginning(seq=seq, total_timesteps=_total(events))
    step = restored.checkpoint.step
    waiting = _bring_waiting(store, keys, run.checkpoints, before=step)
    return Beginning(
        seq=seq,
        step=step,
        checkpoints=(_known(restored.checkpoint, restored.manifest_key), *waiting),
        total_timesteps=_total(events),
        passed_over=restored.passed_over,
    )


def read_beginning(path: Path) -> Beginning | None:
    """Return what an earlier agent of this attempt restored; None where none came so far."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Beginning)
    except (OSError, msgspec.DecodeError):
        return None


def write_beginning(path: Path, beginning: Beginning) -> None:
    """Write down that all is restored. Raises StorageError."""
    write_whole(path, msgspec.json.encode(beginning))


def _bring_inputs(store: ObjectStore, keys: RunKeys, folder: Path) -> None:
    inputs = [listed.key for listed in store.list(keys.inputs)]
    if not inputs:
        raise CloudError(f"{keys.inputs}: nothing there; send the run again with `rlrobo train … --on spot`.")
    for key in inputs:
        path = folder / key.removeprefix(keys.inputs)
        if not path.resolve().is_relative_to(folder.resolve()):
            raise CloudError(f"{key}: it would leave the run directory.")
        path.parent.mkdir(parents=True, exist_ok=True)
        store.download(key, path)


def _bring_events(store: ObjectStore, keys: RunKeys, path: Path) -> int:
    """Write the events of all attempts so far; return the last one's seq."""
    seq = 0
    with path.open("wb") as file:
        for part in read_segments(store, keys):
            file.write(part.lines)
            seq = part.position.seq
        file.flush()
        os.fsync(file.fileno())
    if not seq:
        path.unlink()
    return seq


def _bring_waiting(store: ObjectStore, keys: RunKeys, folder: Path, *, before: int) -> Iterator[Known]:
    """Bring earlier checkpoints whose evaluation is due, so that the run has the same ones as without a break.

    Yield what came; one that is lost or damaged costs its evaluation and no more.
    """
    head = read_head(store, keys)
    for key in head.waiting if head else ():
        if order_of(key)[1] < before:
            with contextlib.suppress(CheckpointError):
                yield _known(fetch_checkpoint(store, keys, key, folder), key)


def _known(checkpoint: Checkpoint, key: str) -> Known:
    return Known(checkpoint.step, checkpoint.manifest.saved_at, checkpoint.manifest.is_barrier, key)


def _total(events: Iterable[AnyEvent]) -> int:
    said = [event.total_timesteps for event in events if isinstance(event, RunStarted | Resumed)]
    return said[-1] if said else 0
