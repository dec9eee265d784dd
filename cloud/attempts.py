"""The records of attempts in S3, changed by compare and swap: the user's machine and the instance both write them."""

from __future__ import annotations

from collections.abc import Callable

from cloud.errors import CloudError
from cloud.layout import RunKeys
from cloud.records import Attempt, AttemptState, decode, encode
from cloud.store import ObjectStore

MAX_TRIES = 20
_ORDER = list(AttemptState)


def read_attempt(store: ObjectStore, keys: RunKeys, number: int) -> Attempt | None:
    """Return the record of one attempt; None where there is none."""
    stored = store.get(keys.attempt(number))
    return decode(stored.content, Attempt) if stored else None


def read_attempts(store: ObjectStore, keys: RunKeys) -> list[Attempt]:
    """Return the records of all attempts by number."""
    found = [store.get(listed.key) for listed in [*store.list(keys.attempts)]]
    return sorted((decode(stored.content, Attempt) for stored in found if stored), key=lambda item: item.number)


def change_attempt(
    store: ObjectStore, keys: RunKeys, number: int, change: Callable[[Attempt], Attempt]
) -> Attempt | None:
    """Write the record of an attempt as `change` makes it of what stands there; None where there is no record.

    A change that would move the state back is not written: what stands there is newer and is returned.
    """
    for _ in range(MAX_TRIES):
        stored = store.get(keys.attempt(number))
        if stored is None:
            return None
        old = decode(stored.content, Attempt)
        new = change(old)
        if new == old or _ORDER.index(new.state) < _ORDER.index(old.state):
            return old
        if store.replace(keys.attempt(number), encode(new), etag=stored.etag) is not None:
            return new
    raise CloudError(f"{keys.attempt(number)}: {MAX_TRIES} writes in a row came too late.", is_temporary=True)
