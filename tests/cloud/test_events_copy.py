"""The copy of the events here is what the cloud's segments say, whatever died in between and whatever came sooner."""

import random
from pathlib import Path

import pytest

from cloud import events_copy
from cloud.events_copy import EventsCopy
from cloud.layout import RunKeys
from cloud.segments import EventLine, decode_line, read_segments
from engine.protocol.events import CommandDone, Event, Metrics, encode_event
from engine.protocol.json_lines import event_reader
from tests.cloud.directory_store import DirectoryStore

KEYS = RunKeys("r")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def copy(path: Path) -> EventsCopy:
    return EventsCopy(path, path.with_name("place.json"))


def events_of(epoch: int, first: int, last: int) -> list[bytes]:
    """Return lines of an attempt, which hold its epoch as a metric."""
    events = [Metrics(seq=seq, step=10 * seq, values={"epoch": float(epoch)}) for seq in range(first, last + 1)]
    return [encode_event(event) for event in events]


def put(store: DirectoryStore, epoch: int, first: int, last: int) -> None:
    """Write a segment."""
    key = KEYS.segment(epoch=epoch, first_seq=first, last_seq=last)
    store.put(key, b"".join(events_of(epoch, first, last)))


def seen(epoch: int, first: int, last: int) -> list[EventLine]:
    """Return events as they come from the instance itself."""
    return [decode_line(line.rstrip(b"\n")) for line in events_of(epoch, first, last)]


def truth(store: DirectoryStore) -> bytes:
    """Return what a reader without a copy finds."""
    kept = b""
    for part in read_segments(store, KEYS):
        kept += part.lines
    return kept


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
def test_what_no_segment_has_is_taken_out_when_one_says_something_else(
    store: DirectoryStore, path: Path, extra: bytes
) -> None:
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


def test_what_comes_ahead_is_confirmed_without_being_written_again(store: DirectoryStore, path: Path) -> None:
    put(store, 1, 1, 3)
    here = copy(path)
    here.pull(store, KEYS)
    inode = path.stat().st_ino
    assert here.add(1, seen(1, 2, 8)) == 5
    size = path.stat().st_size
    put(store, 1, 4, 6)
    assert here.pull(store, KEYS)
    assert (path.stat().st_size, path.stat().st_ino) == (size, inode)
    put(store, 1, 7, 10)
    here.pull(store, KEYS)
    assert here.add(1, seen(1, 8, 11)) == 1
    assert epochs(path) == [1.0] * 11
    assert path.stat().st_ino == inode, "viewers follow the same file"


def test_the_end_of_a_segment_that_was_seen_in_part_is_not_forgotten(store: DirectoryStore, path: Path) -> None:
    put(store, 1, 1, 3)
    here = copy(path)
    here.pull(store, KEYS)
    here.add(1, seen(1, 4, 5))
    put(store, 1, 4, 9)  # and nothing after it
    here.pull(store, KEYS)
    assert epochs(path) == [1.0] * 9


def test_only_s3_begins_an_attempt(store: DirectoryStore, path: Path) -> None:
    here = copy(path)
    assert here.add(1, seen(1, 1, 2)) == 0
    put(store, 1, 1, 3)
    here.pull(store, KEYS)
    assert here.add(2, seen(2, 4, 5)) == 0
    put(store, 2, 4, 4)
    here.pull(store, KEYS)
    assert here.add(1, seen(1, 5, 6)) == 0, "the old instance still talks"
    assert here.add(2, seen(2, 5, 6)) == 2
    assert epochs(path) == [1.0] * 3 + [2.0] * 3


def test_a_gap_is_left_to_s3(store: DirectoryStore, path: Path) -> None:
    put(store, 1, 1, 3)
    here = copy(path)
    here.pull(store, KEYS)
    assert here.add(1, seen(1, 6, 7)) == 0
    put(store, 1, 4, 7)
    here.pull(store, KEYS)
    assert here.add(1, seen(1, 8, 8)) == 1
    assert epochs(path) == [1.0] * 8


def test_what_came_ahead_of_a_lost_instance_is_superseded_by_the_next(store: DirectoryStore, path: Path) -> None:
    put(store, 1, 1, 3)
    here = copy(path)
    here.pull(store, KEYS)
    here.add(1, seen(1, 4, 9))
    put(store, 2, 4, 5)
    here.pull(store, KEYS)
    assert epochs(path) == [1.0] * 3 + [2.0] * 2
    assert here.last_seq == 5


def test_when_no_attempt_follows_what_s3_never_got_is_cut_out(store: DirectoryStore, path: Path) -> None:
    put(store, 1, 1, 3)
    here = copy(path)
    here.pull(store, KEYS)
    here.add(1, seen(1, 4, 9))
    here.settle()
    assert path.read_bytes() == truth(store)
    assert here.add(1, seen(1, 4, 9)) == 0
    assert not copy(path).pull(store, KEYS)


def test_only_what_s3_has_is_told_as_confirmed(store: DirectoryStore, path: Path) -> None:
    done: list[Event] = [CommandDone(seq=seq, command_id=str(seq)) for seq in (1, 2, 3)]
    lines = [encode_event(event) for event in done]
    store.put(KEYS.segment(epoch=1, first_seq=1, last_seq=1), lines[0])
    here = copy(path)
    here.pull(store, KEYS)
    assert [event.seq for event in here.read_confirmed()] == [1]
    here.add(1, [decode_line(line.rstrip(b"\n")) for line in lines])
    assert here.read_confirmed() == []
    store.put(KEYS.segment(epoch=1, first_seq=2, last_seq=3), lines[1] + lines[2])
    here.pull(store, KEYS)
    assert [event.seq for event in here.read_confirmed()] == [2, 3]
    assert [event.seq for event in copy(path).read_confirmed()] == [1, 2, 3]


@pytest.mark.parametrize("cut", range(0, 120, 7))
def test_half_a_line_that_a_crash_left_ahead_is_cut(store: DirectoryStore, path: Path, cut: int) -> None:
    put(store, 1, 1, 3)
    first = copy(path)
    first.pull(store, KEYS)
    size = path.stat().st_size
    first.add(1, seen(1, 4, 5))
    path.write_bytes(path.read_bytes()[: size + cut])
    again = copy(path)
    again.add(1, seen(1, 4, 7))
    assert epochs(path) == [1.0] * 7
    put(store, 1, 4, 8)
    again.pull(store, KEYS)
    assert path.read_bytes() == truth(store)


class KilledError(Exception):
    """The process died here."""


@pytest.mark.parametrize(
    "place", ["cloud-copy-longer", "cloud-copy-ahead", "cloud-copy-forgotten", "cloud-copy-replaced"]
)
def test_a_process_that_dies_at_any_place_costs_nothing(
    store: DirectoryStore, path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    put(store, 1, 1, 3)
    here = copy(path)
    here.pull(store, KEYS)
    put(store, 1, 4, 5)

    def die(name: str) -> None:
        if name == place:
            raise KilledError

    def follow() -> None:
        here.pull(store, KEYS)
        here.add(1, seen(1, 6, 9))
        put(store, 2, 5, 8)
        here.pull(store, KEYS)

    with monkeypatch.context() as armed:
        armed.setattr(events_copy, "reach", die)
        with pytest.raises(KilledError):
            follow()
    put(store, 2, 5, 8)
    again = copy(path)
    again.pull(store, KEYS)
    again.settle()
    assert path.read_bytes() == truth(store)
    assert epochs(path) == [1.0] * 4 + [2.0] * 4


@pytest.mark.parametrize("seed", range(12))
def test_whatever_comes_first_the_copy_ends_as_s3_says(
    store: DirectoryStore, path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Attempts that die ahead of S3, a link that is killed, streams of instances that are gone: in any order."""
    monkeypatch.setattr(events_copy, "write_whole", _write_quickly)
    dice = random.Random(seed)
    here, seq = copy(path), 0
    for epoch in range(1, 5):
        stored = written = seq
        for _ in range(dice.randint(3, 12)):
            written += dice.randint(0, 5)
            if dice.random() < 0.5 and written > stored:
                last = dice.randint(stored + 1, written)
                put(store, epoch, stored + 1, last)
                stored = last
            if dice.random() < 0.5:
                here.pull(store, KEYS)
            if dice.random() < 0.2:
                here = copy(path)
            here.add(dice.choice([epoch, epoch, epoch - 1]), seen(epoch, dice.randint(1, written + 1), written))
            epochs(path)
        seq = stored
    here.pull(store, KEYS)
    here.settle()
    assert path.read_bytes() == truth(store)


def _write_quickly(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(content)
    temporary.replace(path)
