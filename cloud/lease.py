"""Who may write to a run in S3: the attempt with the highest number, and of one attempt the first instance.

The lease is one object, moved by compare and swap; its epoch only grows. Who finds a higher one is a zombie: it stops
writing and ends its machine. What a zombie writes before it notices can do no harm: HEAD refuses an old epoch
(checkpoints.py), segments of a later epoch win (segments.py), everything else is written once or is only a sign.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from cloud.errors import CloudError, FencedError
from cloud.layout import RunKeys
from cloud.records import Lease, decode, encode
from cloud.store import ObjectStore
from engine.protocol.crash_points import reach

MAX_TRIES = 20
"""Each lost race means that somebody else moved the lease; so many in a row mean that the store is out of order."""


@dataclass(frozen=True)
class HeldLease:
    """A lease that this process took."""

    store: ObjectStore
    keys: RunKeys
    lease: Lease

    @property
    def epoch(self) -> int:
        """The attempt's number."""
        return self.lease.epoch

    def check(self) -> None:
        """Raise FencedError where another attempt or instance holds the lease now."""
        lease = read_lease(self.store, self.keys)
        if lease is None:
            raise FencedError(f"{self.keys.lease} is gone: somebody deleted the run from the bucket.")
        _refuse(self.lease, lease)


def read_lease(store: ObjectStore, keys: RunKeys) -> Lease | None:
    """Return the lease of a run; None where nobody ever took it."""
    stored = store.get(keys.lease)
    return decode(stored.content, Lease) if stored else None


def take_lease(store: ObjectStore, keys: RunKeys, lease: Lease) -> HeldLease:
    """Take the lease of a run for the attempt `lease.epoch`, from an earlier attempt or from nobody.

    An agent that starts again on the same instance takes its own once more. Raises FencedError where a later attempt,
    or another instance of the same one, has it.
    """
    for _ in range(MAX_TRIES):
        stored = store.get(keys.lease)
        held = decode(stored.content, Lease) if stored else None
        if held is not None:
            _refuse(lease, held)
        if held == lease:
            return HeldLease(store, keys, lease)
        reach("cloud-lease-read")
        if stored is None:
            is_taken = store.create(keys.lease, encode(lease))
        else:
            is_taken = store.replace(keys.lease, encode(lease), etag=stored.etag) is not None
        reach("cloud-lease-written")
        if is_taken:
            return HeldLease(store, keys, lease)
    raise CloudError(f"{keys.lease}: {MAX_TRIES} writes in a row came too late; look at the bucket.", is_temporary=True)


def is_own(held: Lease, ours: Lease) -> bool:
    """Whether a lease is that of this attempt on this instance, whenever it was taken."""
    return msgspec.structs.replace(held, taken_at=ours.taken_at, deadline=ours.deadline) == ours


def _refuse(ours: Lease, held: Lease) -> None:
    """Raise FencedError where the lease that was found shuts ours out."""
    if held.epoch > ours.epoch or (held.epoch == ours.epoch and not is_own(held, ours)):
        raise FencedError(
            f"Attempt {held.epoch} on {held.instance_id} holds the run now; attempt {ours.epoch} on "
            f"{ours.instance_id} writes no more and ends."
        )
