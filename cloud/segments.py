"""The events of a run in S3: append-only segments, written by the instance that holds the lease, read by everybody.

A segment is some lines of events.jsonl; its key has the epoch and the first and last seq. A later epoch began from the
events that it found, so its segments win from their first seq on, whatever an earlier epoch wrote after that. Many
small segments are now and then joined into one: a reader that comes after a day fetches hundreds, not thousands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from cloud.errors import CloudError
from cloud.layout import SEQ_DIGITS, SUPERSEDED, RunKeys
from cloud.store import ObjectStore, Stored
from engine.protocol.crash_points import reach
from engine.protocol.json_lines import LineReader

JOIN_AFTER = 60
"""So many segments are joined into one; at one in five seconds that is every five minutes."""
READERS = 8
"""Segments fetched side by side."""
MAX_LISTINGS = 5
"""Each further one is needed only where segments were joined between listing and reading."""
END, BEGINNINGS = "run_ended", ("run_started", "resumed", "status")
"""Types of event: an engine's last one, and those that only another engine writes after it."""
_KEY = re.compile(r"(\d+)-(\d+)-(\d+)\.jsonl\Z")


class Position(NamedTuple):
    """How far a reader has come."""

    epoch: int = 0
    seq: int = 0


START = Position()
"""Before the first event."""


class Part(NamedTuple):
    """What a reader appends to its copy of the events."""

    keep_to_seq: int
    """The copy must end with this event before: what it has after it was superseded by a later epoch."""
    lines: bytes
    """Whole lines."""
    position: Position
    """Where to go on after this part."""


class Span(NamedTuple):
    """Name of a segment."""

    epoch: int
    first_seq: int
    last_seq: int
    key: str


class _Piece(NamedTuple):
    """The events of a segment that count."""

    span: Span
    first_seq: int
    last_seq: int


class EventLine(Struct, frozen=True):
    seq: int
    type: str
    raw: bytes = b""


_line_decoder = msgspec.json.Decoder(EventLine)


def read_segments(store: ObjectStore, keys: RunKeys, *, after: Position = START) -> Iterator[Part]:
    """Yield the events after a position, in their order and each once. Raises CloudError."""
    position, lists_all = after, False
    for _ in range(MAX_LISTINGS):
        pieces, has_gap = _choose(_list(store, keys, position, lists_all=lists_all), position)
        if has_gap and not lists_all:  # what is missing was joined into a segment that begins earlier
            lists_all = True
            continue
        for piece, stored in _fetch(store, pieces):
            if stored is None:  # joined since the listing
                lists_all = True
                break
            position = Position(piece.span.epoch, piece.last_seq)
            yield Part(piece.first_seq - 1, _cut(stored.content, piece), position)
        else:
            return
    raise CloudError(f"{keys.events}: segments vanish while they are read; look at the bucket.", is_temporary=True)


class SegmentWriter:
    """Uploads what an engine appends to events.jsonl. One for each run of an agent; not for several threads."""

    def __init__(self, store: ObjectStore, keys: RunKeys, path: Path, *, epoch: int, restored_seq: int) -> None:
        """`restored_seq` is the last event that the instance found in S3. Raises CloudError."""
        self._store = store
        self._keys = keys
        self._epoch = epoch
        own = [
            span.last_seq for span in _spans(listed.key for listed in store.list(keys.events)) if span.epoch == epoch
        ]
        self.uploaded_seq = max([restored_seq, *own])
        self._reader = LineReader(path, decode_line)
        self._waiting: list[EventLine] = []
        self._small: list[tuple[Span, bytes]] = []

    def upload_new(self, *, is_over: bool = False) -> None:
        """Upload the events that are new. Raises CloudError; then they are uploaded the next time.

        An engine's last event waits until it is known that the run `is_over`: an instance that AWS takes back stops
        its engine, and nobody must read that as the end of the run.
        """
        self._waiting += [line for line in self._reader.read_new() if line.seq > self.uploaded_seq]
        lines = self._waiting if is_over else self._waiting[: num_to_tell(self._waiting)]
        if not lines:
            return
        first, last = lines[0].seq, lines[-1].seq
        key = self._keys.segment(epoch=self._epoch, first_seq=first, last_seq=last)
        content = b"".join(line.raw + b"\n" for line in lines)
        reach("cloud-segment-ready")
        # Where it is there already, an earlier try of ours got through and its answer did not.
        self._store.create(key, content)
        reach("cloud-segment-written")
        self.uploaded_seq = last
        self._waiting = self._waiting[len(lines) :]
        self._small.append((Span(self._epoch, first, last, key), content))
        if len(self._small) > JOIN_AFTER:
            self._join()

    def _join(self) -> None:
        """Make one segment of all but the newest, which shows readers that were on the way that they miss some."""
        joined = self._small[:-1]
        spans = [span for span, _ in joined]
        key = self._keys.segment(epoch=self._epoch, first_seq=spans[0].first_seq, last_seq=spans[-1].last_seq)
        self._store.create(key, b"".join(content for _, content in joined))
        reach("cloud-segments-joined")
        self._small = self._small[-1:]
        for span in spans:  # an instance may not delete; the bucket's lifecycle does
            self._store.tag(span.key, SUPERSEDED)


def num_to_tell(lines: Sequence[EventLine]) -> int:
    """Return how many lines stand before an engine's last event that no other engine followed."""
    ends = [index for index, line in enumerate(lines) if line.type == END]
    if not ends or any(line.type in BEGINNINGS for line in lines[ends[-1] :]):
        return len(lines)
    return ends[-1]


def decode_line(raw: bytes) -> EventLine:
    try:
        line = _line_decoder.decode(raw)
    except (UnicodeDecodeError, RecursionError) as err:  # msgspec lets them through
        raise msgspec.DecodeError(str(err)) from err
    return EventLine(seq=line.seq, type=line.type, raw=raw)


def _list(store: ObjectStore, keys: RunKeys, position: Position, *, lists_all: bool) -> list[Span]:
    after = ""
    if not lists_all and position.epoch:
        after = keys.segment(epoch=position.epoch, first_seq=position.seq + 1, last_seq=0)[
            : -len("-.jsonl") - SEQ_DIGITS
        ]
    return _spans(listed.key for listed in store.list(keys.events, after=after))


def _spans(keys: Iterable[str]) -> list[Span]:
    found = [(key, match) for key in keys if (match := _KEY.search(key))]
    return [Span(int(match[1]), int(match[2]), int(match[3]), key) for key, match in found]


def _choose(spans: list[Span], position: Position) -> tuple[list[_Piece], bool]:
    """Return the pieces to read, in order, and whether events are missing before or between them."""
    pieces: list[_Piece] = []
    has_gap = False
    limit = max((span.last_seq for span in spans), default=0)
    for epoch in sorted({span.epoch for span in spans if span.epoch >= position.epoch}, reverse=True):
        own = [span for span in spans if span.epoch == epoch]
        begin = position.seq + 1 if epoch == position.epoch else min(span.first_seq for span in own)
        found, has_own_gap = _chain(own, begin, limit)
        pieces = found + pieces
        has_gap |= has_own_gap
        limit = min(limit, begin - 1)
    return pieces, has_gap


def _chain(spans: list[Span], begin: int, limit: int) -> tuple[list[_Piece], bool]:
    """Return the fewest segments of one epoch that hold the events from `begin` to `limit`."""
    pieces: list[_Piece] = []
    has_gap = False
    while begin <= limit:
        reaching = [span for span in spans if span.first_seq <= begin <= span.last_seq]
        if not reaching:
            following = [span.first_seq for span in spans if begin < span.first_seq <= limit]
            if not following:
                break
            begin, has_gap = min(following), True
            continue
        best = max(reaching, key=lambda span: span.last_seq)
        pieces.append(_Piece(best, begin, min(best.last_seq, limit)))
        begin = best.last_seq + 1
    return pieces, has_gap


def _fetch(store: ObjectStore, pieces: list[_Piece]) -> Iterator[tuple[_Piece, Stored | None]]:
    """Yield the pieces with what stands in their segments; only some of them are in memory at a time."""
    with ThreadPoolExecutor(READERS) as pool:
        for begin in range(0, len(pieces), 2 * READERS):
            block = pieces[begin : begin + 2 * READERS]
            yield from zip(block, pool.map(store.get, [piece.span.key for piece in block]), strict=True)


def _cut(content: bytes, piece: _Piece) -> bytes:
    if (piece.first_seq, piece.last_seq) == (piece.span.first_seq, piece.span.last_seq):
        return content
    lines = [decode_line(raw) for raw in content.splitlines()]
    return b"".join(line.raw + b"\n" for line in lines if piece.first_seq <= line.seq <= piece.last_seq)
