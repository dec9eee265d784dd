"""Checkpoints in S3 as readers see them: which there are, and how one comes back whole or not at all.

A checkpoint is its MANIFEST.json, which is written after all the blobs that it names; HEAD.json names the newest. A
reader verifies every file, and takes an earlier checkpoint where one is missing or damaged. publisher.py writes them.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec

from cloud.layout import STEP_DIGITS, RunKeys
from cloud.records import BlobEntry, CloudManifest, Head, decode
from cloud.store import ObjectStore
from engine.protocol.checkpoints import MANIFEST, Checkpoint, list_checkpoints, read_checkpoint, verify
from engine.protocol.crash_points import reach
from engine.protocol.errors import CheckpointError, StorageError
from engine.protocol.files import sha256_of, sync_directory

DOWNLOADS = 4
"""Files fetched side by side."""
_KEY = re.compile(r"/(\d+)-(\d+)(?:-(\d+))?/MANIFEST\.json\Z")


class Restored(NamedTuple):
    """A checkpoint that was brought back."""

    checkpoint: Checkpoint
    manifest_key: str
    passed_over: tuple[str, ...]
    """What was wrong with newer ones, a sentence each."""


def read_head(store: ObjectStore, keys: RunKeys) -> Head | None:
    """Return what HEAD names; None where there is no checkpoint yet."""
    stored = store.get(keys.head)
    head = decode(stored.content, Head) if stored else None
    return head if head is not None and head.manifest_key else None


def read_manifest(store: ObjectStore, key: str) -> CloudManifest:
    """Return a manifest. Raises CheckpointError where it is missing or damaged."""
    stored = store.get(key)
    if stored is None:
        raise CheckpointError(f"{key}: missing; an earlier checkpoint has to serve.")
    try:
        return decode(stored.content, CloudManifest)
    except msgspec.DecodeError as err:
        raise CheckpointError(f"{key}: damaged ({err}); an earlier checkpoint has to serve.") from err


def list_manifest_keys(store: ObjectStore, keys: RunKeys) -> list[str]:
    """Return the keys of all manifests, of which older ones may have lost files, the newest first."""
    found = [listed.key for listed in store.list(keys.checkpoints) if _KEY.search(listed.key)]
    return sorted(found, key=order_of, reverse=True)


def order_of(manifest_key: str) -> tuple[int, int, int]:
    """Return what orders the checkpoints of a run, from a manifest's key: epoch, step and which time it was saved.

    (-1, -1, -1) for no key.
    """
    match = _KEY.search(manifest_key)
    return (int(match[2]), int(match[1]), int(match[3] or 0)) if match else (-1, -1, -1)


def restore_checkpoint(store: ObjectStore, keys: RunKeys, folder: Path, *, is_exact: bool) -> Restored | None:
    """Bring the newest checkpoint that verifies into `folder`; None where the run has none yet.

    `is_exact`: the newest from which going on is exact. Raises CheckpointError where there are checkpoints and none of
    them verifies, CloudError where S3 does not answer, StorageError where the disk refuses them.
    """
    head = read_head(store, keys)
    first = "" if head is None else head.barrier_manifest_key if is_exact else head.manifest_key
    if head is None or not first:
        return None
    passed_over: list[str] = []
    for key in _candidates(store, keys, head, first):
        try:
            manifest = read_manifest(store, key)
            if is_exact and not manifest.is_barrier:
                continue
            checkpoint = fetch_checkpoint(store, keys, key, folder)
        except CheckpointError as err:
            passed_over.append(str(err))
            continue
        return Restored(checkpoint, key, tuple(passed_over))
    raise CheckpointError(f"{keys.head}: no checkpoint of the run verifies. {' '.join(passed_over)}")


def fetch_checkpoint(store: ObjectStore, keys: RunKeys, manifest_key: str, folder: Path) -> Checkpoint:
    """Bring one checkpoint to `folder/<step>` and verify it; files that another one there has are linked.

    Raises CheckpointError where a file is missing or damaged, CloudError, StorageError.
    """
    manifest = read_manifest(store, manifest_key)
    final = folder / f"{manifest.step:0{STEP_DIGITS}d}"
    temporary = folder / f".{final.name}.{os.getpid()}.tmp"
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        _fill(store, keys, manifest, temporary)
        _write_evaluated(store, keys, manifest_key, temporary)
        _verify(temporary, manifest_key)
        sync_directory(temporary)
        reach("cloud-restore-verified")
        shutil.rmtree(final, ignore_errors=True)
        temporary.rename(final)
        sync_directory(folder)
    except OSError as err:
        raise StorageError.from_os_error(err, final) from err
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    checkpoint = read_checkpoint(final)
    assert checkpoint is not None
    return checkpoint


def _candidates(store: ObjectStore, keys: RunKeys, head: Head, first: str) -> Iterator[str]:
    """Yield manifest keys, the one wanted first: its parents, what HEAD keeps, and in the end whatever is there."""
    seen: set[str] = set()
    key = first
    while key and key not in seen:
        seen.add(key)
        yield key
        try:
            key = read_manifest(store, key).parent
        except CheckpointError:
            break
    older = [other for other in sorted(head.kept, key=order_of, reverse=True) if order_of(other) <= order_of(first)]
    for other in [*older, *list_manifest_keys(store, keys)]:
        if other not in seen:
            seen.add(other)
            yield other


def _fill(store: ObjectStore, keys: RunKeys, manifest: CloudManifest, folder: Path) -> None:
    known = {
        (entry.sha256, entry.size_bytes): checkpoint.path / name
        for checkpoint in list_checkpoints(folder.parent)
        for name, entry in checkpoint.manifest.files.items()
    }

    def bring(item: tuple[str, BlobEntry]) -> None:
        name, entry = item
        if Path(name).name != name:
            raise CheckpointError(f"{name!r} is no name of a checkpoint's file; the manifest is damaged.")
        source = known.get((entry.sha256, entry.size_bytes))
        if source is not None and _link_verified(source, folder / name, entry):
            return
        _download(store, keys.blob(entry.sha256), folder / name, entry)

    with ThreadPoolExecutor(DOWNLOADS) as pool:
        list(pool.map(bring, manifest.files.items()))


def _link_verified(source: Path, target: Path, entry: BlobEntry) -> bool:
    """Make `target` a hard link to a file here, if that is what the manifest means; return whether it is."""
    try:
        os.link(source, target)
        if sha256_of(target) == entry.sha256:
            return True
        target.unlink()
    except OSError:
        target.unlink(missing_ok=True)
    return False


def _download(store: ObjectStore, key: str, path: Path, entry: BlobEntry) -> None:
    """Fetch a blob, twice where it arrives damaged. Raises CheckpointError where it stays so."""
    for _ in range(2):
        # Verified here and not by the store: that tells a damaged object from a call that failed.
        if not store.download(key, path):
            raise CheckpointError(f"{key}: missing; an earlier checkpoint has to serve.")
        if path.stat().st_size == entry.size_bytes and sha256_of(path) == entry.sha256:
            return
    raise CheckpointError(f"{key}: damaged: its content does not have the hash of its name.")


def _write_evaluated(store: ObjectStore, keys: RunKeys, manifest_key: str, folder: Path) -> None:
    """Replace the checkpoint's own manifest by the one with its evaluation, where that came after it was published."""
    stored = store.get(keys.evaluated(manifest_key))
    if stored is None:
        return
    original = (folder / MANIFEST).read_bytes()
    (folder / MANIFEST).write_bytes(stored.content)
    try:
        _verify(folder, manifest_key)
    except CheckpointError:
        (folder / MANIFEST).unlink()
        (folder / MANIFEST).write_bytes(original)


def _verify(folder: Path, manifest_key: str) -> None:
    checkpoint = read_checkpoint(folder)
    if checkpoint is None:
        raise CheckpointError(f"{manifest_key}: it has no {MANIFEST} of its own.")
    verify(checkpoint)
