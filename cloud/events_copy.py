"""The copy of a run's events on the user's machine, which grows as the cloud's segments do, or faster.

Viewers follow the copy as they follow any run's events. S3 says what is in it. What another way brings sooner stands
behind that, ahead of S3, until a segment confirms it byte by byte; where S3 says something else, that is what counts.
The copy only grows, but where something in it turns out to be superseded: then it is replaced, and viewers read it
again from its start.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from cloud.layout import RunKeys
from cloud.segments import EventLine, Part, Position, read_segments
from cloud.store import ObjectStore
from engine.protocol.crash_points import reach
from engine.protocol.errors import StorageError
from engine.protocol.events import AnyEvent, decode_event
from engine.protocol.files import write_at_once, write_whole


class _Place(Struct, frozen=True):
    """Content of the file beside the copy: how far S3 has brought it."""

    epoch: int = 0
    seq: int = 0
    size_bytes: int = 0


class EventsCopy:
    """The copy in `path`; `place` is a file for how far it has come. One thread may pull while another one adds."""

    def __init__(self, path: Path, place: Path) -> None:
        """What a crash left behind what is known of the copy is taken for ahead of S3. Raises StorageError."""
        self._path, self._place_path = path, place
        self._lock = threading.Lock()
        self._is_settled = False
        self._num_read = 0
        self._place = _read_place(place)
        if self._place.size_bytes > (path.stat().st_size if path.is_file() else 0):
            self._place = _Place()
        with self._lock:
            self._last_seq = self._keep_whole_lines()

    @property
    def epoch(self) -> int:
        """The attempt whose engine wrote the last event here; 0: there is none."""
        return self._place.epoch

    @property
    def last_seq(self) -> int:
        """The last event here, S3's or ahead of it."""
        return self._last_seq

    def pull(self, store: ObjectStore, keys: RunKeys) -> bool:
        """Bring what is new in S3; return whether anything is. Raises CloudError and StorageError."""
        has_news = False
        for part in read_segments(store, keys, after=Position(self._place.epoch, self._place.seq)):
            with self._lock:
                self._take(part)
            has_news = True
        return has_news

    def add(self, epoch: int, lines: Iterable[EventLine]) -> int:
        """Append events of an attempt ahead of S3; return how many. Raises StorageError.

        Only S3 begins an attempt: before that, and of an earlier one, none are taken. Those that are here already are
        left out, and those that do not follow on are S3's to bring.
        """
        with self._lock:
            if epoch != self._place.epoch or self._is_settled:
                return 0
            new: list[bytes] = []
            for line in lines:
                if line.seq == self._last_seq + len(new) + 1:
                    new.append(line.raw + b"\n")
            if new:
                self._append(b"".join(new))
                reach("cloud-copy-ahead")
                self._last_seq += len(new)
            return len(new)

    def settle(self) -> None:
        """Cut out what S3 never got; nothing is added any more. Raises StorageError."""
        with self._lock:
            self._is_settled = True
            if self._ahead():
                self._replace(self._read(0, self._place.size_bytes), self._place)

    def read_confirmed(self) -> list[AnyEvent]:
        """Return the events that S3 has brought since the last call; all of them again where some were superseded.

        Raises StorageError.
        """
        with self._lock:
            begin, self._num_read = self._num_read, self._place.size_bytes
            content = self._read(begin, self._num_read)
        found: list[AnyEvent] = []
        for line in content.splitlines():
            with contextlib.suppress(msgspec.DecodeError):  # a viewer skips it, too
                if (event := decode_event(line)) is not None:
                    found.append(event)
        return found

    def _take(self, part: Part) -> None:
        """Bring a part that S3 has."""
        known, ahead = self._place, self._ahead()
        is_next = part.keep_to_seq >= known.seq and (not ahead or known.epoch in (0, part.position.epoch))
        place = _Place(*part.position, known.size_bytes + len(part.lines))
        if is_next and ahead.startswith(part.lines):
            self._move(place)
            self._last_seq = max(self._last_seq, place.seq)
        elif is_next and part.lines.startswith(ahead):
            self._append(part.lines[len(ahead) :])
            reach("cloud-copy-longer")
            self._move(place)
            self._last_seq = place.seq
        else:
            kept = self._read(0, known.size_bytes)
            if part.keep_to_seq < known.seq:
                kept = b"".join(_lines_up_to(kept, part.keep_to_seq))
            self._replace(kept + part.lines, place)

    def _ahead(self) -> bytes:
        """Return what stands here ahead of S3."""
        return self._read(self._place.size_bytes, None)

    def _keep_whole_lines(self) -> int:
        """Cut what a crash left of a line; return the seq of the last event."""
        ahead = self._ahead()
        whole = ahead[: ahead.rfind(b"\n") + 1]
        try:
            seqs = [msgspec.json.decode(line, type=_Seq).seq for line in whole.splitlines()]
        except (msgspec.DecodeError, UnicodeDecodeError):
            whole, seqs = b"", []
        if len(whole) < len(ahead):
            with _errors_of(self._path):
                os.truncate(self._path, self._place.size_bytes + len(whole))
        return seqs[-1] if seqs else self._place.seq

    def _append(self, lines: bytes) -> None:
        with _errors_of(self._path), self._path.open("ab", buffering=0) as file:
            size = file.tell()
            try:
                write_at_once(file, lines)
            except OSError:
                os.ftruncate(file.fileno(), size)  # what comes next begins a line
                raise

    def _replace(self, content: bytes, place: _Place) -> None:
        """Make the copy anew; a crash in between costs what is known of it, and S3 brings all of it once more."""
        self._move(_Place())
        reach("cloud-copy-forgotten")
        write_whole(self._path, content)
        reach("cloud-copy-replaced")
        place = msgspec.structs.replace(place, size_bytes=len(content))
        self._move(place)
        self._last_seq, self._num_read = place.seq, 0

    def _move(self, place: _Place) -> None:
        write_whole(self._place_path, msgspec.json.encode(place))
        self._place = place

    def _read(self, begin: int, end: int | None) -> bytes:
        with _errors_of(self._path), contextlib.suppress(FileNotFoundError), self._path.open("rb") as file:
            file.seek(begin)
            return file.read(-1 if end is None else max(0, end - begin))
        return b""


def _lines_up_to(content: bytes, seq: int) -> Iterator[bytes]:
    """Yield the lines of a copy whose events count up to `seq`."""
    for line in content.splitlines(keepends=True):
        if msgspec.json.decode(line, type=_Seq).seq > seq:
            return
        yield line


class _Seq(Struct):
    seq: int


@contextlib.contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise StorageError.from_os_error(err, path) from err


def _read_place(path: Path) -> _Place:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Place)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return _Place()
