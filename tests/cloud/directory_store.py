"""A bucket in a directory, which several processes share, and one in front of it that fails as it is told."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from cloud.errors import CloudError
from cloud.store import Listed, ObjectStore, Stored

Answer = TypeVar("Answer")
_ids = iter(range(1, 1 << 60))


class DirectoryStore:
    """An ObjectStore; every call is atomic, as S3's are."""

    def __init__(self, root: Path) -> None:
        self._objects = root / "objects"
        self._tags = root / "tags"
        self._lock_path = root / "lock"
        self._lock = threading.Lock()
        root.mkdir(parents=True, exist_ok=True)
        self._objects.mkdir(exist_ok=True)
        self._tags.mkdir(exist_ok=True)

    def get(self, key: str) -> Stored | None:
        try:
            content = (self._objects / key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Stored(content, _etag(content))

    def put(self, key: str, content: bytes) -> str:
        with self._locked():
            return self._write(key, content)

    def create(self, key: str, content: bytes) -> bool:
        with self._locked():
            if (self._objects / key).exists():
                return False
            self._write(key, content)
            return True

    def replace(self, key: str, content: bytes, *, etag: str) -> str | None:
        with self._locked():
            stored = self.get(key)
            if stored is None or stored.etag != etag:
                return None
            return self._write(key, content)

    def upload(self, key: str, path: Path, *, sha256: str) -> None:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise CloudError(f"{key}: what arrived has another hash.", code="ContentMismatch")
        if self.get(key) is None or self.tags(key):
            self.put(key, content)

    def download(self, key: str, path: Path, *, sha256: str = "") -> bool:
        stored = self.get(key)
        if stored is None:
            return False
        if sha256 and hashlib.sha256(stored.content).hexdigest() != sha256:
            raise CloudError(f"{key}: it has another hash.", code="ContentMismatch")
        path.write_bytes(stored.content)
        return True

    def list(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        folder = self._objects / prefix.rpartition("/")[0]
        keys = sorted(str(path.relative_to(self._objects)) for path in folder.rglob("*") if path.is_file())
        for key in keys:
            if key.startswith(prefix) and key > after and not Path(key).name.startswith(".writing-"):
                with contextlib.suppress(FileNotFoundError):
                    status = (self._objects / key).stat()
                    yield Listed(key, status.st_size, status.st_mtime)

    def delete(self, key: str) -> None:
        with self._locked():
            (self._objects / key).unlink(missing_ok=True)
            (self._tags / key).unlink(missing_ok=True)

    def tag(self, key: str, tags: dict[str, str]) -> None:
        with self._locked():
            if not (self._objects / key).is_file():
                raise CloudError(f"{key}: there is none.", code="NoSuchKey")
            (self._tags / key).parent.mkdir(parents=True, exist_ok=True)
            (self._tags / key).write_text(json.dumps(tags))

    def clock_offset_s(self) -> float | None:
        return 0.0

    # What tests look at and do to it.

    def tags(self, key: str) -> dict[str, str]:
        try:
            return json.loads((self._tags / key).read_text())
        except FileNotFoundError:
            return {}

    def keys(self, prefix: str = "") -> list[str]:
        return [listed.key for listed in self.list(prefix)]

    def damage(self, key: str) -> None:
        """Change one byte of an object."""
        path = self._objects / key
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(bytes(content))

    def expire(self) -> list[str]:
        """Delete what the bucket's lifecycle would: everything that is tagged as superseded."""
        gone = [key for key in self.keys() if self.tags(key) == {"class": "superseded"}]
        for key in gone:
            self.delete(key)
        return gone

    def copy_to(self, root: Path) -> DirectoryStore:
        """Return a bucket with the same objects."""
        shutil.copytree(self._objects.parent, root)
        return DirectoryStore(root)

    def _write(self, key: str, content: bytes) -> str:
        path = self._objects / key
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".writing-{os.getpid()}-{next(_ids)}")
        temporary.write_bytes(content)
        temporary.replace(path)
        (self._tags / key).unlink(missing_ok=True)
        return _etag(content)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock, self._lock_path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class FaultyStore:
    """A store in front of another one. `fault` is asked before each call, with its name and key.

    It returns an error to raise instead of the call, an error for after it (`lost`), or nothing.
    """

    def __init__(self, store: ObjectStore, fault: Callable[[str, str], Fault | None] = lambda name, key: None) -> None:
        self.store = store
        self.fault = fault
        self.calls: Counter[str] = Counter()

    def get(self, key: str) -> Stored | None:
        return self._call("get", key, lambda: self.store.get(key))

    def put(self, key: str, content: bytes) -> str:
        return self._call("put", key, lambda: self.store.put(key, content))

    def create(self, key: str, content: bytes) -> bool:
        return self._call("create", key, lambda: self.store.create(key, content))

    def replace(self, key: str, content: bytes, *, etag: str) -> str | None:
        return self._call("replace", key, lambda: self.store.replace(key, content, etag=etag))

    def upload(self, key: str, path: Path, *, sha256: str) -> None:
        self._call("upload", key, lambda: self.store.upload(key, path, sha256=sha256))

    def download(self, key: str, path: Path, *, sha256: str = "") -> bool:
        return self._call("download", key, lambda: self.store.download(key, path, sha256=sha256))

    def list(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        return self._call("list", prefix, lambda: self.store.list(prefix, after=after))

    def delete(self, key: str) -> None:
        self._call("delete", key, lambda: self.store.delete(key))

    def tag(self, key: str, tags: dict[str, str]) -> None:
        self._call("tag", key, lambda: self.store.tag(key, tags))

    def clock_offset_s(self) -> float | None:
        return self.store.clock_offset_s()

    def _call(self, name: str, key: str, call: Callable[[], Answer]) -> Answer:
        self.calls[name] += 1
        fault = self.fault(name, key)
        if fault is None:
            return call()
        if fault.is_after:
            call()
        raise fault.error


class Fault:
    """A call that fails, before it did anything or after it did all."""

    def __init__(self, error: BaseException, *, is_after: bool = False) -> None:
        self.error = error
        self.is_after = is_after


def slow_down() -> CloudError:
    return CloudError("Slow down.", code="SlowDown", is_temporary=True)


def _etag(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def wait_for(is_true: Callable[[], object], *, what: str, timeout_s: float = 240.0) -> None:
    """Return when it is true; fail when it does not become so."""
    deadline = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < deadline, f"waited {timeout_s:.0f} s for {what}"
        time.sleep(0.02)
