"""Bring a run's checkpoints to the user's machine: small ones as they come, the last and the best at its end."""

from __future__ import annotations

from collections.abc import Callable

from cloud.checkpoints import fetch_checkpoint, order_of, read_head, read_manifest
from cloud.layout import RunKeys
from cloud.records import CloudManifest, Head
from cloud.store import ObjectStore
from engine.protocol import retention
from engine.protocol.checkpoints import MANIFEST, read_checkpoint
from engine.protocol.errors import CheckpointError
from engine.protocol.files import write_whole
from engine.protocol.run_dir import RunDir

SMALL_BYTES = 32_000_000
"""Checkpoints up to this size are brought while the run goes on; those with a replay buffer rarely are. chosen: seconds
on a slow line."""


class Checkpoints:
    """The checkpoints of one run here, as HEAD names them there."""

    def __init__(self, run: RunDir, store: ObjectStore) -> None:
        self._run, self._store, self._keys = run, store, RunKeys(run.id)
        self._brought: set[str] = set()
        self._passed_over: set[str] = set()
        self._evaluated: set[str] = set()
        self._rules = run.read_config().checkpoints

    def pull(self, is_wanted: Callable[[CloudManifest], bool]) -> None:
        """Bring what is new and wanted. Raises CloudError and StorageError."""
        head = read_head(self._store, self._keys)
        if head is None:
            return
        is_new = False
        for key in head.kept:
            if key not in self._brought | self._passed_over:
                is_new |= self._bring(key, is_wanted)
        self._take_evaluations(head)
        if is_new:
            retention.apply(self._run.checkpoints, self._rules, awaited=())

    def pull_last(self) -> None:
        """Bring the newest, the newest exact and the best one, however large. Raises CloudError and StorageError."""
        head = read_head(self._store, self._keys)
        if head is None:
            return
        for key in (head.manifest_key, head.barrier_manifest_key, head.best_manifest_key):
            if key and key not in self._brought:
                self._bring(key, lambda _: True)
        self._take_evaluations(head)

    def _bring(self, key: str, is_wanted: Callable[[CloudManifest], bool]) -> bool:
        """Bring a checkpoint; return whether it is here now. One that does not verify is passed over."""
        try:
            if is_wanted(read_manifest(self._store, key)):
                fetch_checkpoint(self._store, self._keys, key, self._run.checkpoints)
                self._brought.add(key)
                return True
        except CheckpointError:
            pass
        self._passed_over.add(key)
        return False

    def _take_evaluations(self, head: Head) -> None:
        """Take over evaluations that came after their checkpoints."""
        for key in self._brought.intersection(head.kept) - self._evaluated:
            evaluated = self._store.get(self._keys.evaluated(key))
            if evaluated is None:
                continue
            self._evaluated.add(key)
            step = read_manifest(self._store, key).step
            folder = self._run.checkpoints / f"{step:09d}"
            if read_checkpoint(folder) is not None:
                write_whole(folder / MANIFEST, evaluated.content)


def is_small(manifest: CloudManifest) -> bool:
    """Whether a checkpoint is brought while its run goes on."""
    return sum(entry.size_bytes for entry in manifest.files.values()) <= SMALL_BYTES


def find_manifest(store: ObjectStore, keys: RunKeys, which: str) -> str:
    """Return the manifest key of the checkpoint `latest`, `best` or of a timestep, as HEAD names them.

    Raises CheckpointError where there is none such, and CloudError.
    """
    head = read_head(store, keys)
    if head is None:
        raise CheckpointError(f"{keys.head}: the run has saved no checkpoint in the cloud yet.")
    if which == "latest":
        return head.manifest_key
    if which == "best":
        if not head.best_manifest_key:
            raise CheckpointError(f"{keys.head}: no checkpoint was evaluated yet; use latest or a timestep.")
        return head.best_manifest_key
    steps = {order_of(key)[1]: key for key in sorted(head.kept, key=order_of)}
    if int(which) not in steps:
        there = ", ".join(str(step) for step in sorted(steps))
        raise CheckpointError(f"{keys.checkpoints}: no checkpoint at timestep {which}; there are {there}.")
    return steps[int(which)]
