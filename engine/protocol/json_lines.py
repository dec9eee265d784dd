"""Append lines to a file and follow a file that grows: what events.jsonl and commands.jsonl have in common.

A reader may be killed and started again at any byte offset; a writer may be killed in the middle of a line.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from engine.protocol.commands import AnyCommand, decode_command
from engine.protocol.errors import StorageError, is_full
from engine.protocol.events import AnyEvent, Event, decode_event, encode_event
from engine.protocol.files import ends_with_newline, write_at_once

Line = TypeVar("Line")
CHUNK_BYTES = 1 << 20
_TAIL_BYTES = 64 << 10


class LineReader(Generic[Line]):
    """Reads what was appended since the last call; never raises for what a line holds.

    `num_corrupt` counts complete lines that could not be read; `offset` is where the next read starts, in bytes;
    `chunk_bytes` is how much is read at a time; `num_restarts` counts how often the file was read again from its start.
    """

    def __init__(self, path: Path, decode: Callable[[bytes], Line | None], *, offset: int = 0) -> None:
        self.path = path
        self.offset = offset
        self.chunk_bytes = CHUNK_BYTES
        self.num_corrupt = self.num_restarts = 0
        self._decode = decode
        self._inode: int | None = None

    def read_new(self) -> list[Line]:
        """Return the complete lines that are new; an unfinished last line waits for its end.

        A missing file is an empty one. A file that became shorter, or was replaced, is read again from its start.
        """
        return [line for lines in self.read_blocks() for line in lines]

    def read_blocks(self) -> Iterator[list[Line]]:
        """Return the same lines in parts: of a long file, only about `chunk_bytes` are in memory at a time."""
        while block := self._read_block():
            yield self._decoded(block)

    def _decoded(self, block: bytes) -> list[Line]:
        found: list[Line] = []
        for raw in block.splitlines():
            if not raw.strip():
                continue
            try:
                line = self._decode(raw)
            except msgspec.DecodeError:
                self.num_corrupt += 1
                continue
            if line is not None:
                found.append(line)
        return found

    def _read_block(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                if status.st_size < self.offset or self._inode not in (None, status.st_ino):
                    self.offset = 0
                    self.num_restarts += 1
                self._inode = status.st_ino
                file.seek(self.offset)
                block = file.read(self.chunk_bytes)
                while block and b"\n" not in block and (more := file.read(self.chunk_bytes)):
                    block += more
        except FileNotFoundError:
            return b""
        block = block[: block.rfind(b"\n") + 1]
        self.offset += len(block)
        return block


def event_reader(path: Path, *, offset: int = 0) -> LineReader[AnyEvent]:
    """Return a reader of the events in `path`."""
    return LineReader(path, decode_event, offset=offset)


def read_last_events(path: Path) -> list[AnyEvent]:
    """Return the events in the last kilobytes of `path`, at least one if it has any; a missing file has none."""
    try:
        start = max(0, path.stat().st_size - _TAIL_BYTES)
    except FileNotFoundError:
        return []
    # The rest of a line that `start` cuts is not an event; it counts as corrupt, and nobody asks.
    found = event_reader(path, offset=start).read_new()
    return found if found or not start else event_reader(path).read_new()


def command_reader(path: Path) -> LineReader[AnyCommand]:
    """Return a reader of the commands in `path`."""
    return LineReader(path, decode_command)


class EventWriter:
    """Appends numbered events to a file. Only the engine that holds the run's lock may have one.

    Going on after a crash: a torn last line is closed so that it costs one line, and numbers continue.
    """

    def __init__(
        self, path: Path, *, clock: Callable[[], float], make_room: Callable[[], bool] = lambda: False
    ) -> None:
        """`make_room` is called when the disk is full; where it returns True, the event is tried once more."""
        self._path = path
        self._clock = clock
        self._make_room = make_room
        last = [event.seq for event in read_last_events(path)]
        self._next_seq = max(last, default=0) + 1
        try:
            self._file = path.open("a+b", buffering=0)
            if not ends_with_newline(self._file):
                self._file.write(b"\n")
        except OSError as err:
            raise StorageError.from_os_error(err, path) from err

    def write(self, event: Event) -> None:
        """Number, date and append `event`; it is visible to readers on return. Raises StorageError."""
        event = msgspec.structs.replace(event, seq=self._next_seq, time=self._clock())
        size = os.fstat(self._file.fileno()).st_size
        try:
            write_at_once(self._file, encode_event(event))
        except OSError as err:
            os.ftruncate(self._file.fileno(), size)  # the next event, if there is room for it, begins a line
            if is_full(err) and self._make_room():
                self.write(event)
                return
            raise StorageError.from_os_error(err, self._path) from err
        self._next_seq += 1

    def sync(self) -> None:
        """Force what was written onto the disk. Raises StorageError."""
        try:
            os.fsync(self._file.fileno())
        except OSError as err:
            raise StorageError.from_os_error(err, self._path) from err

    def close(self) -> None:
        """Close the file."""
        self._file.close()
