"""Put checkpoints into S3 in two phases, so that a reader finds a whole one whenever the writer is cut off.

Blobs, named by their content, then the manifest that names them, then HEAD by compare and swap. HEAD refuses a writer
whose epoch is old, however late its write arrives. Only files that no kept checkpoint names are tagged as superseded;
the bucket's lifecycle expires nothing else, so the newest, the newest exact and the best checkpoint stay for ever.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from cloud.checkpoints import order_of, read_manifest
from cloud.errors import CloudError, FencedError
from cloud.layout import SUPERSEDED, RunKeys
from cloud.lease import HeldLease
from cloud.records import BlobEntry, CloudManifest, Head, decode, encode
from cloud.store import ObjectStore
from engine.protocol.checkpoints import MANIFEST, REPLAY_PREFIX, Checkpoint, Manifest
from engine.protocol.crash_points import reach
from engine.protocol.errors import CheckpointError
from engine.protocol.files import sha256_of

KEEP = 2
"""Of the newest and of the newest exact checkpoints so many stay: where one is damaged there is another."""
MAX_WAITING = 4
"""chosen: one more than the engine lets wait for their evaluation."""
MAX_TRIES = 20


class Publisher:
    """Publishes the checkpoints of one attempt. Not for several threads at once."""

    def __init__(self, store: ObjectStore, keys: RunKeys, lease: HeldLease) -> None:
        """Write our epoch into HEAD, so that no earlier attempt moves it any more. Raises FencedError, CloudError."""
        self._store = store
        self._keys = keys
        self._lease = lease
        self._manifests: dict[str, CloudManifest] = {}
        self._present = {listed.key for listed in store.list(keys.blobs)}
        """Blobs that earlier attempts left, or this one; any of them may be tagged as superseded."""
        self._head = self._move_head(lambda head: head)
        self._live = self._blobs_of(self._head.kept)
        self.protect()
        self._forget(self._head.dropped)

    @property
    def head(self) -> Head:
        """HEAD as this attempt left it."""
        return self._head

    def new_bytes(self, checkpoint: Checkpoint) -> int:
        """Return how many bytes of a checkpoint are not in S3 yet."""
        entries = checkpoint.manifest.files.values()
        return sum(entry.size_bytes for entry in entries if not self._is_live(entry.sha256))

    def publish(self, checkpoint: Checkpoint) -> str:
        """Publish a checkpoint whose files nobody changes or deletes meanwhile; return the key of its manifest.

        Once more is harmless. Raises FencedError where a later attempt holds the run, CheckpointError where a file is
        not what its manifest says, CloudError where S3 does not answer: then HEAD is what it was.
        """
        self._lease.check()
        for name, entry in _entries(checkpoint).items():
            self._put_blob(checkpoint, name, entry)
        reach("cloud-blobs-written")
        key, manifest = self._write_manifest(checkpoint)
        reach("cloud-manifest-written")
        self._manifests[key] = manifest
        is_waiting = checkpoint.manifest.is_evaluation_due and checkpoint.manifest.evaluation is None
        self._advance(
            lambda head: self._with_checkpoint(_with_waiting(head, key) if is_waiting else head, key, manifest)
        )
        self.tell_evaluation(key, checkpoint)
        return key

    def tell_evaluation(self, key: str, checkpoint: Checkpoint) -> None:
        """Put the evaluation of the checkpoint published as `key` beside it, where it has one. Raises as `publish`."""
        evaluation = checkpoint.manifest.evaluation
        if evaluation is None:
            return
        self._store.put(self._keys.evaluated(key), (checkpoint.path / MANIFEST).read_bytes())
        best = self._head.best_return
        is_best = best is None or evaluation.return_mean > best
        if is_best:
            for blob in sorted(self._blobs_of((key,)) - self._live):  # superseded while its evaluation was under way
                self._tag(blob, {})
            self._tag(key, {})
        if is_best or key in self._head.waiting:
            self._advance(lambda head: self._with_evaluation(head, key, evaluation.return_mean if is_best else None))

    def protect(self) -> None:
        """Take the tags off what is kept, whatever a zombie did to them. Raises CloudError."""
        for key in sorted(self._live.union(self._head.kept)):
            self._tag(key, {})

    def _put_blob(self, checkpoint: Checkpoint, name: str, entry: BlobEntry) -> None:
        if self._is_live(entry.sha256):
            return
        key, path = self._keys.blob(entry.sha256), checkpoint.path / name
        if sha256_of(path) != entry.sha256:
            raise CheckpointError(f"{path}: damaged: it is not what the manifest says; it is not published.")
        if key in self._present:  # it may be tagged since it was superseded
            self._tag(key, {})
        self._store.upload(key, path, sha256=entry.sha256)
        reach("cloud-blob-written")
        self._present.add(key)

    def _write_manifest(self, checkpoint: Checkpoint) -> tuple[str, CloudManifest]:
        """Write a manifest under a key of its own; one with the same files that is there already serves."""
        own = checkpoint.manifest
        for again in range(MAX_TRIES):
            key = self._keys.manifest(step=own.step, epoch=self._lease.epoch, again=again)
            manifest = CloudManifest(
                step=own.step,
                epoch=self._lease.epoch,
                is_barrier=own.is_barrier,
                reason=own.reason,
                files=_entries(checkpoint),
                parent=self._head.manifest_key,
                saved_at=own.saved_at,
            )
            if self._store.create(key, encode(manifest)):
                return key, manifest
            found = read_manifest(self._store, key)
            if found.files == manifest.files:
                return key, found
        raise CloudError(f"{self._keys.checkpoints}: step {own.step} is there {MAX_TRIES} times; look at the bucket.")

    def _advance(self, change: Callable[[Head], Head]) -> None:
        """Move HEAD, then tag the files of checkpoints that it let go."""
        self._head = self._move_head(change)
        reach("cloud-head-moved")
        self._live = self._blobs_of(self._head.kept)
        self._forget(self._head.dropped)

    def _move_head(self, change: Callable[[Head], Head]) -> Head:
        epoch = self._lease.epoch
        for _ in range(MAX_TRIES):
            stored = self._store.get(self._keys.head)
            old = decode(stored.content, Head) if stored else _NO_HEAD
            if old.epoch > epoch:
                raise FencedError(f"Attempt {old.epoch} has the checkpoints of the run; attempt {epoch} ends.")
            new = msgspec.structs.replace(change(old), epoch=epoch)
            if new == old:  # also where our own write arrived and its answer did not
                return new
            reach("cloud-head-read")
            if stored is None:
                is_moved = self._store.create(self._keys.head, encode(new))
            else:
                is_moved = self._store.replace(self._keys.head, encode(new), etag=stored.etag) is not None
            if is_moved:
                return new
        raise CloudError(f"{self._keys.head}: {MAX_TRIES} writes in a row came too late.", is_temporary=True)

    def _forget(self, dropped: tuple[str, ...]) -> None:
        """Tag what only dropped checkpoints name as superseded."""
        if not dropped:
            return
        self._lease.check()  # a zombie knows nothing of the checkpoints after it
        for manifest_key in dropped:
            for key in sorted(self._blobs_of((manifest_key,)) - self._live):
                self._tag(key, SUPERSEDED)
                self._present.add(key)
            self._tag(manifest_key, SUPERSEDED)
            reach("cloud-superseded-tagged")
            self._manifests.pop(manifest_key, None)

    def _tag(self, key: str, tags: dict[str, str]) -> None:
        try:
            self._store.tag(key, tags)
        except CloudError as err:
            if err.code != "NoSuchKey":  # expired, or lost; whoever restores from it says so
                raise

    def _is_live(self, sha256: str) -> bool:
        return self._keys.blob(sha256) in self._live

    def _blobs_of(self, manifest_keys: tuple[str, ...]) -> set[str]:
        manifests = [manifest for key in manifest_keys if (manifest := self._manifest(key))]
        return {self._keys.blob(entry.sha256) for manifest in manifests for entry in manifest.files.values()}

    def _manifest(self, key: str) -> CloudManifest | None:
        if key not in self._manifests:
            try:
                self._manifests[key] = read_manifest(self._store, key)
            except CheckpointError:  # expired, or lost; whoever restores from it says so
                return None
        return self._manifests[key]

    def _with_checkpoint(self, head: Head, key: str, manifest: CloudManifest) -> Head:
        """Return HEAD with one more checkpoint; a late one does not take the place of a newer one.

        Nor does one without its replay buffer that of one with it: training is back where it was in minutes, and a
        buffer takes hours to fill.
        """
        newest = self._manifest(head.manifest_key) if head.manifest_key else None
        is_poorer = newest is not None and has_replay(newest) and not has_replay(manifest)
        if order_of(key) >= order_of(head.manifest_key) and not is_poorer:
            head = msgspec.structs.replace(head, step=manifest.step, manifest_key=key, saved_at=manifest.saved_at)
        if manifest.is_barrier and order_of(key) >= order_of(head.barrier_manifest_key):
            head = msgspec.structs.replace(head, barrier_step=manifest.step, barrier_manifest_key=key)
        return self._with_kept(head, key)

    def _with_evaluation(self, head: Head, key: str, best_return: float | None) -> Head:
        """Return HEAD with one that waits no more, and is the best so far where its return is given."""
        head = msgspec.structs.replace(head, waiting=tuple(item for item in head.waiting if item != key))
        if best_return is not None:
            head = msgspec.structs.replace(head, best_manifest_key=key, best_return=best_return)
        return self._with_kept(head, key)

    def _with_kept(self, head: Head, key: str) -> Head:
        known = sorted({*head.kept, key}, key=order_of, reverse=True)
        exact = [item for item in known if (manifest := self._manifest(item)) and manifest.is_barrier]
        chosen = {*known[:KEEP], *exact[:KEEP], *head.waiting, head.best_manifest_key}
        kept = tuple(item for item in known if item in chosen)
        return msgspec.structs.replace(head, kept=kept, dropped=tuple(item for item in known if item not in chosen))


_NO_HEAD = Head(epoch=0, step=-1, manifest_key="", barrier_step=-1, barrier_manifest_key="", saved_at=0.0)


def _with_waiting(head: Head, key: str) -> Head:
    """Return HEAD with one more checkpoint that waits for its evaluation; what an abandoned branch left drops out."""
    waiting = sorted({*head.waiting, key}, key=order_of)
    return msgspec.structs.replace(head, waiting=tuple(waiting[-MAX_WAITING:]))


def has_replay(manifest: CloudManifest | Manifest) -> bool:
    """Whether a checkpoint has a replay buffer."""
    return any(name.startswith(REPLAY_PREFIX) for name in manifest.files)


def _entries(checkpoint: Checkpoint) -> dict[str, BlobEntry]:
    """Return every file of a checkpoint, its own manifest included."""
    files = checkpoint.manifest.files.items()
    entries = {name: BlobEntry(sha256=entry.sha256, size_bytes=entry.size_bytes) for name, entry in files}
    own = checkpoint.path / MANIFEST
    entries[MANIFEST] = BlobEntry(sha256=sha256_of(own), size_bytes=own.stat().st_size)
    return entries
