"""The copy of the events here is what the cloud's segments say, whatever died in between."""

from pathlib import Path

import pytest

from cloud.events_copy import EventsCopy
from cloud.layout import RunKeys
from engine.protocol.events import Metrics, encode_event
from engine.protocol.json_lines import event_reader
from tests.cloud.directory_store import DirectoryStore

KEYS = RunKeys("r")


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "bucket")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def copy(path: Path) -> EventsCopy:
    return EventsCopy(path, path.with_name("place.json"))


def put(store: DirectoryStore, epoch: int, first: int, last: int) -> None:
    """Write a segment whose events hold their epoch as a metric."""
    events = [Metrics(seq=seq, step=10 * seq, values={"epoch": float(epoch)}) for seq in range(first, last + 1)]
    key = KEYS.segment(epoch=epoch, first_seq=first, last_seq=last)
    store.put(key, b"".join(map(encode_event, events)))


def epochs(path: Path) -> list[float | None]:
    """Return the epoch of each event, whose numbers must have no gap."""
    events = event_reader(path).read_new()
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    return [event.values["epoch"] for event in events if isinstance(event, Metrics)]


def test_it_grows_as_the_segments_do(store: DirectoryStore, path: Path) -> None:
    here = copy(path)
    assert not here.pull(store, KEYS)
    put(store, 1, 1, 3)
    assert here.pull(store, KEYS)
    inode = path.stat().st_ino
    put(store, 1, 4, 5)
    assert here.pull(store, KEYS)
    assert not here.pull(store, KEYS)
    assert epochs(path) == [1.0] * 5
    assert path.stat().st_ino == inode, "viewers follow the same file"


def test_what_a_later_attempt_superseded_is_taken_out(store: DirectoryStore, path: Path) -> None:
    put(store, 1, 1, 6)
    here = copy(path)
    here.pull(store, KEYS)
    put(store, 2, 5, 8)
    here.pull(store, KEYS)
    assert epochs(path) == [1.0] * 4 + [2.0] * 4
    assert here.epoch == copy(path).epoch == 2


def test_another_process_goes_on_where_one_died(store: DirectoryStore, path: Path) -> None:
    put(store, 1, 1, 3)
    copy(path).pull(store, KEYS)
    put(store, 1, 4, 6)
    copy(path).pull(store, KEYS)
    assert epochs(path) == [1.0] * 6


@pytest.mark.parametrize("extra", [b'{"type":"metrics"', encode_event(Metrics(seq=4))])
def test_a_copy_that_is_not_where_it_says_begins_anew(store: DirectoryStore, path: Path, extra: bytes) -> None:
    put(store, 1, 1, 3)
    copy(path).pull(store, KEYS)
    path.write_bytes(path.read_bytes() + extra)  # written, and the process died before it took that down
    put(store, 1, 4, 5)
    copy(path).pull(store, KEYS)
    assert epochs(path) == [1.0] * 5


def test_a_lost_file_comes_back(store: DirectoryStore, path: Path) -> None:
    put(store, 1, 1, 3)
    copy(path).pull(store, KEYS)
    path.unlink()
    copy(path).pull(store, KEYS)
    assert epochs(path) == [1.0] * 3
