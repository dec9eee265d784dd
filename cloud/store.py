"""Objects with conditional writes: what the protocol needs of S3, and nothing else.

`cloud/aws.py` has the one for S3. Every method raises CloudError; what is absent is None or False, never an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol


class Stored(NamedTuple):
    """An object as it was read."""

    content: bytes
    etag: str
    """Changes with the content; what `replace` compares."""


class Listed(NamedTuple):
    """An object in a list."""

    key: str
    size_bytes: int
    modified_at: float
    """Seconds since 1970 (UTC), by the store's clock."""


class ObjectStore(Protocol):
    """One bucket."""

    def get(self, key: str) -> Stored | None:
        """Return an object, None where there is none."""
        ...

    def put(self, key: str, content: bytes) -> str:
        """Write an object whatever was there; return its etag."""
        ...

    def create(self, key: str, content: bytes) -> bool:
        """Write an object where there is none (If-None-Match: *); return whether this call did."""
        ...

    def replace(self, key: str, content: bytes, *, etag: str) -> str | None:
        """Write an object where it still has this etag (If-Match); return the new one, None where it has changed."""
        ...

    def upload(self, key: str, path: Path, *, sha256: str) -> None:
        """Write a file's content, verified by S3 on arrival; an object that is there already is left alone.

        One that has tags is written again without them: a tag would let it expire, and it is in use.
        """
        ...

    def download(self, key: str, path: Path, *, sha256: str = "") -> bool:
        """Write an object to a file, whole or not at all, and verify it; return False where there is none."""
        ...

    def list(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        """Yield the objects below a prefix by key, those after the key `after`."""
        ...

    def delete(self, key: str) -> None:
        """Delete an object; an absent one is fine."""
        ...

    def tag(self, key: str, tags: dict[str, str]) -> None:
        """Set an object's tags."""
        ...

    def clock_offset_s(self) -> float | None:
        """Return by how much the store's clock is ahead of this machine's, from its last answer; None before one."""
        ...
