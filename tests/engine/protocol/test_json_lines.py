"""A reader never waits, never raises for what a line holds, and never sees a part of one."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.protocol import json_lines
from engine.protocol.events import Metrics, StatusChanged, Warned, encode_event
from engine.protocol.files import write_whole
from engine.protocol.json_lines import EventWriter, event_reader


def warned(number: int) -> bytes:
    return encode_event(Warned(seq=number, message=f"number {number}"))


def clock() -> float:
    return 1000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def numbers(path: Path) -> list[int]:
    return [event.seq for event in event_reader(path).read_new()]


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def test_missing_file_is_an_empty_one(path: Path) -> None:
    assert event_reader(path).read_new() == []


def test_file_that_appears_later_is_read(path: Path) -> None:
    reader = event_reader(path)
    reader.read_new()
    append(path, warned(1))
    assert reader.read_new() == [Warned(seq=1, message="number 1")]


def test_line_is_read_once(path: Path) -> None:
    append(path, warned(1))
    reader = event_reader(path)
    reader.read_new()
    append(path, warned(2))
    assert [event.seq for event in reader.read_new()] == [2]


@pytest.mark.parametrize("cut", range(len(warned(2))))
def test_unfinished_last_line_waits_for_its_end(path: Path, cut: int) -> None:
    append(path, warned(1) + warned(2)[:cut])
    reader = event_reader(path)
    assert [event.seq for event in reader.read_new()] == [1]
    append(path, warned(2)[cut:])
    assert [event.seq for event in reader.read_new()] == [2]
    assert reader.num_corrupt == 0


@pytest.mark.parametrize(
    "line",
    [b"{torn", b"[]", b"\x00\x00\x00", b'{"type":"warning","message":"\xff"}'],
    ids=["torn", "list", "nul", "utf8"],
)
def test_corrupt_line_is_counted_and_costs_no_other(path: Path, line: bytes) -> None:
    append(path, warned(1) + line + b"\n" + warned(2))
    reader = event_reader(path)
    assert [event.seq for event in reader.read_new()] == [1, 2]
    assert reader.num_corrupt == 1


def test_unknown_type_is_not_counted_as_corrupt(path: Path) -> None:
    append(path, b'{"type":"from_the_future"}\n' + warned(1))
    reader = event_reader(path)
    assert [event.seq for event in reader.read_new()] == [1]
    assert reader.num_corrupt == 0


def test_empty_line_is_not_counted_as_corrupt(path: Path) -> None:
    append(path, b"\n" + warned(1))
    reader = event_reader(path)
    reader.read_new()
    assert reader.num_corrupt == 0


def test_file_that_became_shorter_is_read_again(path: Path) -> None:
    append(path, warned(1) + warned(2))
    reader = event_reader(path)
    reader.read_new()
    path.write_bytes(warned(9))
    assert [event.seq for event in reader.read_new()] == [9]


def test_file_that_was_replaced_by_a_longer_one_is_read_again(path: Path) -> None:
    append(path, warned(1))
    reader = event_reader(path)
    reader.read_new()
    write_whole(path, warned(7) + warned(8))
    assert [event.seq for event in reader.read_new()] == [7, 8]
    assert reader.num_restarts == 1


def test_reader_goes_on_at_the_offset_of_another(path: Path) -> None:
    append(path, warned(1))
    first = event_reader(path)
    first.read_new()
    append(path, warned(2))
    assert [event.seq for event in event_reader(path, offset=first.offset).read_new()] == [2]


@pytest.mark.parametrize("chunk_bytes", [1, 7, 64, 1000])
def test_lines_across_chunks_are_whole(path: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int) -> None:
    monkeypatch.setattr(json_lines, "CHUNK_BYTES", chunk_bytes)
    append(path, b"".join(warned(number) for number in range(1, 51)))
    assert numbers(path) == list(range(1, 51))


def test_writer_numbers_and_dates_its_events(path: Path) -> None:
    writer = EventWriter(path, clock=clock)
    writer.write(StatusChanged(step=5))
    writer.write(Metrics(step=6))
    writer.close()
    assert [(event.seq, event.time, event.step) for event in event_reader(path).read_new()] == [
        (1, 1000.0, 5),
        (2, 1000.0, 6),
    ]


def test_event_is_visible_when_write_returns(path: Path) -> None:
    writer = EventWriter(path, clock=clock)
    writer.write(StatusChanged())
    assert numbers(path) == [1]
    writer.close()


def write_one(path: Path) -> None:
    writer = EventWriter(path, clock=clock)
    writer.write(Warned(message="after the crash"))
    writer.close()


def test_writer_after_a_crash_goes_on_with_the_numbers(path: Path) -> None:
    append(path, warned(1) + warned(2))
    write_one(path)
    assert numbers(path) == [1, 2, 3]


def test_writer_after_a_crash_closes_the_torn_line(path: Path) -> None:
    append(path, warned(1) + warned(2)[:-5])
    write_one(path)
    reader = event_reader(path)
    assert [event.seq for event in reader.read_new()] == [1, 2]
    assert reader.num_corrupt == 1


FILL_THE_DISK = """
import resource, signal, sys
from pathlib import Path
from engine.protocol.errors import StorageError
from engine.protocol.events import Warned
from engine.protocol.json_lines import EventWriter

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = EventWriter(Path(sys.argv[1]), clock=lambda: 1.0)
writer.write(Warned(message="short"))
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (200, hard))
try:
    writer.write(Warned(message="x" * 500))
except StorageError as err:
    print(err)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
writer.write(Warned(message="there is room again"))
"""


@pytest.fixture
def filled(path: Path) -> "subprocess.CompletedProcess[str]":
    """Fill the disk in the middle of a line, then make room; a limit on the file's size stands for the disk."""
    return subprocess.run([sys.executable, "-c", FILL_THE_DISK, str(path)], check=True, capture_output=True, text=True)


def test_full_disk_is_an_error_that_names_the_file(path: Path, filled: "subprocess.CompletedProcess[str]") -> None:
    assert filled.stdout.startswith(f"{path}: cannot write")


@pytest.mark.usefixtures("filled")
def test_full_disk_loses_no_event_before_or_after(path: Path) -> None:
    reader = event_reader(path)
    assert [(event.seq, event.message) for event in reader.read_new() if isinstance(event, Warned)] == [
        (1, "short"),
        (2, "there is room again"),
    ]
    assert reader.num_corrupt == 0


def test_lines_are_json_that_any_tool_reads(path: Path) -> None:
    write_one(path)
    parse: Callable[[str], dict[str, object]] = json.loads
    assert parse(path.read_text()) == {
        "type": "warning", "seq": 1, "time": 1000.0, "step": 0, "code": "", "message": "after the crash",
    }  # fmt: skip
