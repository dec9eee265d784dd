"""The copy of a run's events on the user's machine, which grows as the cloud's segments do.

Viewers follow the copy as they follow any run's events. It only grows, but where a later attempt went on from before
its end: what that superseded is then taken out, and viewers read the file again from its start.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from cloud.layout import RunKeys
from cloud.segments import Part, Position, read_segments
from cloud.store import ObjectStore
from engine.protocol.errors import StorageError
from engine.protocol.files import write_at_once, write_whole


class _Place(Struct, frozen=True):
    """Content of the file beside the copy: how far it has come."""

    epoch: int = 0
    seq: int = 0
    size_bytes: int = 0


class EventsCopy:
    """The copy in `path`; `place` is a file for how far it has come."""

    def __init__(self, path: Path, place: Path) -> None:
        """Where the two do not agree, as after a crash between writing them, the copy begins anew."""
        self._path, self._place_path = path, place
        self._place = _read_place(place)
        if self._place.size_bytes != (path.stat().st_size if path.is_file() else 0):
            self._place = _Place()

    @property
    def epoch(self) -> int:
        """The attempt whose engine wrote the last event here; 0: there is none."""
        return self._place.epoch

    def pull(self, store: ObjectStore, keys: RunKeys) -> bool:
        """Bring what is new; return whether anything is. Raises CloudError and StorageError."""
        has_news = False
        for part in read_segments(store, keys, after=Position(self._place.epoch, self._place.seq)):
            self._take(part)
            has_news = True
        return has_news

    def _take(self, part: Part) -> None:
        try:
            if self._place.seq == 0 or part.keep_to_seq < self._place.seq:
                kept = b"".join(_lines_up_to(self._path, part.keep_to_seq)) if self._place.seq else b""
                write_whole(self._path, kept + part.lines)
            else:
                with self._path.open("ab", buffering=0) as file:
                    write_at_once(file, part.lines)
            size = self._path.stat().st_size
        except OSError as err:
            raise StorageError.from_os_error(err, self._path) from err
        self._place = _Place(part.position.epoch, part.position.seq, size)
        write_whole(self._place_path, msgspec.json.encode(self._place))


def _lines_up_to(path: Path, seq: int) -> Iterator[bytes]:
    """Yield the lines of a copy whose events count up to `seq`."""
    with path.open("rb") as file:
        for line in file:
            if msgspec.json.decode(line, type=_Seq).seq > seq:
                return
            yield line


class _Seq(Struct):
    seq: int


def _read_place(path: Path) -> _Place:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Place)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return _Place()
