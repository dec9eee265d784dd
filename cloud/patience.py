"""A store that tries again: calls that fail for a passing reason (throttled, no answer, a race) are repeated.

It gives up when the time it has is over or when it is told that all is over, and passes on the last error.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cloud.errors import CloudError
from cloud.store import Listed, ObjectStore, Stored
from cloud.timing import Timing

Answer = TypeVar("Answer")


@dataclass
class PatientStore:
    """An ObjectStore over another one. Waits of several threads do not hold each other up."""

    store: ObjectStore
    timing: Timing
    is_over: threading.Event = field(default_factory=threading.Event)
    """Set: nothing is tried again."""
    until: float | None = None
    """Moment, by `time.monotonic`, after which nothing is tried again; None: each call has its own patience."""

    def get(self, key: str) -> Stored | None:
        return self._try(lambda: self.store.get(key))

    def put(self, key: str, content: bytes) -> str:
        return self._try(lambda: self.store.put(key, content))

    def create(self, key: str, content: bytes) -> bool:
        return self._try(lambda: self.store.create(key, content))

    def replace(self, key: str, content: bytes, *, etag: str) -> str | None:
        return self._try(lambda: self.store.replace(key, content, etag=etag))

    def upload(self, key: str, path: Path, *, sha256: str) -> None:
        self._try(lambda: self.store.upload(key, path, sha256=sha256))

    def download(self, key: str, path: Path, *, sha256: str = "") -> bool:
        return self._try(lambda: self.store.download(key, path, sha256=sha256))

    def list(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        return iter(self._try(lambda: [*self.store.list(prefix, after=after)]))

    def delete(self, key: str) -> None:
        self._try(lambda: self.store.delete(key))

    def tag(self, key: str, tags: dict[str, str]) -> None:
        self._try(lambda: self.store.tag(key, tags))

    def clock_offset_s(self) -> float | None:
        return self.store.clock_offset_s()

    def _try(self, call: Callable[[], Answer]) -> Answer:
        wait_s = self.timing.first_backoff_s
        until = self.until if self.until is not None else time.monotonic() + self.timing.patience_s
        while True:
            try:
                return call()
            except CloudError as err:
                # Jitter: machines that were refused together do not come back together.
                pause_s = wait_s * random.uniform(0.5, 1.0)
                if not err.is_temporary or time.monotonic() + pause_s > until or self.is_over.wait(pause_s):
                    raise
            wait_s = min(2 * wait_s, self.timing.longest_backoff_s)
