"""Events in S3: a reader has each once, in order and without a gap, through joins, new attempts and zombies."""

import contextlib
import threading
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cloud.segments as segments_module
from cloud.errors import CloudError
from cloud.segments import START, Position, SegmentWriter, read_segments
from engine.protocol.events import Event, Metrics, Resumed, RunEnded, StatusChanged, Warned
from engine.protocol.json_lines import EventWriter
from tests.cloud.directory_store import DirectoryStore, Fault, FaultyStore, slow_down
from tests.cloud.made_checkpoints import KEYS


class Source:
    """An instance whose engine writes events: `says` and the epoch tell whose they are."""

    def __init__(self, store: DirectoryStore | FaultyStore, folder: Path, epoch: int, *, restored: bytes = b"") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"events-{epoch}.jsonl"
        self.path.write_bytes(restored)
        seqs = [seq for seq, _ in described(restored)]
        self.epoch = epoch
        self.writer = SegmentWriter(store, KEYS, self.path, epoch=epoch, restored_seq=max(seqs, default=0))

    def tell(self, count: int = 1) -> None:
        for _ in range(count):
            self.write(Metrics(values={"a": 1.0}))

    def write(self, event: Event) -> None:
        with closing(EventWriter(self.path, clock=lambda: float(self.epoch))) as engine:
            engine.write(event)


class Reader:
    """The user's copy of the events."""

    def __init__(self, store: DirectoryStore | FaultyStore) -> None:
        self.store = store
        self.position = START
        self.lines: list[bytes] = []

    def read(self) -> None:
        for part in read_segments(self.store, KEYS, after=self.position):
            assert part.keep_to_seq <= len(self.lines)
            self.lines = self.lines[: part.keep_to_seq] + part.lines.splitlines(keepends=True)
            self.position = part.position

    @property
    def content(self) -> bytes:
        return b"".join(self.lines)


class _Seen(msgspec.Struct):
    seq: int
    time: float


def described(content: bytes) -> list[tuple[int, int]]:
    """Return seq and epoch of each event."""
    found = [msgspec.json.decode(line, type=_Seen) for line in content.splitlines()]
    return [(event.seq, int(event.time)) for event in found]


def test_a_reader_gets_what_was_written(store: DirectoryStore, tmp_path: Path) -> None:
    source, reader = Source(store, tmp_path, 1), Reader(store)
    for count in (3, 1, 0, 4):
        source.tell(count)
        source.writer.upload_new()
        reader.read()
        assert reader.content == source.path.read_bytes()
    assert len(store.keys(KEYS.events)) == 3


def test_a_torn_line_is_left_out(store: DirectoryStore, tmp_path: Path) -> None:
    source, reader = Source(store, tmp_path, 1), Reader(store)
    source.tell()
    with source.path.open("ab") as file:
        file.write(b'{"type": "metr\n')
    source.tell()
    source.writer.upload_new()
    reader.read()
    assert described(reader.content) == [(1, 1), (2, 1)]


def test_an_upload_that_failed_is_made_up_for(store: DirectoryStore, tmp_path: Path) -> None:
    faulty = FaultyStore(store)
    source, reader = Source(faulty, tmp_path, 1), Reader(store)
    for is_after in (False, True):
        source.tell(2)
        faulty.fault = lambda name, key, is_after=is_after: Fault(slow_down(), is_after=is_after)
        with pytest.raises(CloudError):
            source.writer.upload_new()
        faulty.fault = lambda name, key: None
        source.tell(1)
        source.writer.upload_new()
        reader.read()
        assert reader.content == source.path.read_bytes()


def test_an_agent_that_starts_again_uploads_nothing_twice(store: DirectoryStore, tmp_path: Path) -> None:
    source, reader = Source(store, tmp_path, 1), Reader(store)
    source.tell(3)
    source.writer.upload_new()
    again = SegmentWriter(store, KEYS, source.path, epoch=1, restored_seq=0)
    source.tell(2)
    again.upload_new()
    reader.read()
    assert reader.content == source.path.read_bytes()
    assert len(store.keys(KEYS.events)) == 2


def test_the_end_of_an_engine_is_told_only_when_the_run_is_over(store: DirectoryStore, tmp_path: Path) -> None:
    source, reader = Source(store, tmp_path, 1), Reader(store)
    source.tell(2)
    source.write(RunEnded())
    source.write(Warned(code="auto_resume"))  # a supervisor's last word
    source.writer.upload_new()
    reader.read()
    assert len(reader.lines) == 2
    source.writer.upload_new(is_over=True)
    reader.read()
    assert reader.content == source.path.read_bytes()


@pytest.mark.parametrize("event", [Resumed(), StatusChanged()])
def test_an_end_that_another_engine_followed_is_told(store: DirectoryStore, tmp_path: Path, event: Event) -> None:
    source, reader = Source(store, tmp_path, 1), Reader(store)
    source.write(RunEnded())
    source.write(event)
    source.writer.upload_new()
    reader.read()
    assert len(reader.lines) == 2


def test_a_later_attempt_replaces_what_came_after_its_beginning(store: DirectoryStore, tmp_path: Path) -> None:
    first, reader, late_reader = Source(store, tmp_path, 1), Reader(store), Reader(store)
    first.tell(5)
    first.writer.upload_new()
    restored = Reader(store)
    restored.read()
    first.tell(4)  # the zombie goes on
    first.writer.upload_new()
    reader.read()
    second = Source(store, tmp_path, 2, restored=restored.content)
    second.tell(2)
    second.writer.upload_new()
    first.tell(9)
    first.writer.upload_new()
    for each in (reader, late_reader):
        each.read()
        assert described(each.content) == [(seq, 1) for seq in range(1, 6)] + [(6, 2), (7, 2)]


def test_many_small_segments_become_one(store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments_module, "JOIN_AFTER", 3)
    source, old_reader = Source(store, tmp_path, 1), Reader(store)
    for index in range(20):
        source.tell()
        source.writer.upload_new()
        if index in (0, 7):
            old_reader.read()
        if index in (7, 19):
            store.expire()
    assert len(store.keys(KEYS.events)) < 10
    new_reader = Reader(store)
    for reader in (old_reader, new_reader):
        reader.read()
        assert reader.content == source.path.read_bytes()


def test_a_join_that_was_cut_off_does_no_harm(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments_module, "JOIN_AFTER", 3)
    faulty = FaultyStore(store, lambda name, key: Fault(slow_down()) if name == "tag" else None)
    source, reader = Source(faulty, tmp_path, 1), Reader(store)
    for _ in range(4):
        source.tell()
        try:
            source.writer.upload_new()
        except CloudError:
            assert len(store.keys(KEYS.events)) == 5
    reader.read()
    assert reader.content == source.path.read_bytes()


def test_reading_while_segments_are_joined_misses_nothing(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments_module, "JOIN_AFTER", 2)
    source, reader = Source(store, tmp_path, 1), Reader(store)

    def write() -> None:
        for _ in range(30):
            source.tell()
            source.writer.upload_new()
            store.expire()

    thread = threading.Thread(target=write)
    thread.start()
    while thread.is_alive():
        with contextlib.suppress(CloudError):  # so many joins in so short a time never come true
            reader.read()
    thread.join()
    reader.read()
    assert reader.content == source.path.read_bytes()


def test_a_reader_asks_only_for_what_is_new(store: DirectoryStore, tmp_path: Path) -> None:
    faulty = FaultyStore(store)
    source, reader = Source(store, tmp_path, 1), Reader(faulty)
    source.tell(3)
    source.writer.upload_new()
    reader.read()
    before = faulty.calls["get"]
    reader.read()
    assert faulty.calls["get"] == before
    assert reader.position == Position(1, 3)


@settings(max_examples=25)
@given(data=st.data())
def test_any_history_reads_the_same_from_everywhere(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """G17: attempts, zombies, joins and readers that were away for any time: all end with the same events."""
    folder = tmp_path_factory.mktemp("any")
    store = DirectoryStore(folder / "bucket")
    sources = [Source(store, folder, 1)]
    readers = [Reader(store)]
    before, segments_module.JOIN_AFTER = segments_module.JOIN_AFTER, 3
    try:
        for _ in range(data.draw(st.integers(1, 25))):
            action = data.draw(st.sampled_from(["tell", "tell", "zombie", "attempt", "read", "reader", "expire"]))
            if action == "attempt":
                restored = Reader(store)
                restored.read()
                sources.append(Source(store, folder, len(sources) + 1, restored=restored.content))
            elif action in ("tell", "zombie"):
                source = sources[-1] if action == "tell" else data.draw(st.sampled_from(sources))
                source.tell(data.draw(st.integers(1, 3)))
                source.writer.upload_new()
            elif action == "expire":
                store.expire()
            elif action == "read":
                data.draw(st.sampled_from(readers)).read()
            else:
                readers.append(Reader(store))
    finally:
        segments_module.JOIN_AFTER = before
    last = sources[-1]
    last.tell()
    last.writer.upload_new()
    for reader in readers:
        reader.read()
        assert reader.content == last.path.read_bytes()
