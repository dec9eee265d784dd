"""Commands from many viewers reach the engine whole, once, and in their order."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from engine.protocol.commands import (
    COMMAND_TYPES,
    Command,
    Pause,
    Resume,
    SaveCheckpoint,
    Set,
    Stop,
    command_type,
    decode_command,
    send_command,
)
from engine.protocol.errors import StorageError
from engine.protocol.json_lines import command_reader

EXAMPLES: list[Command] = [
    Pause(id="a", time=1.0),
    Resume(id="b", time=2.0),
    Stop(id="c", time=3.0),
    SaveCheckpoint(id="d", time=4.0),
    Set(id="e", time=5.0, key="learning_rate", value=3e-4),
]

SEND_FIFTY = """
import sys
from pathlib import Path
from engine.protocol.commands import Set, send_command
for number in range(50):
    send_command(Path(sys.argv[1]), Set(key=sys.argv[2] * 100, value=number))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "commands.jsonl"


def test_commands_arrive_in_their_order(path: Path) -> None:
    for command in EXAMPLES:
        send_command(path, command)
    assert command_reader(path).read_new() == EXAMPLES


def test_every_command_type_has_an_example() -> None:
    assert {command_type(command): type(command) for command in EXAMPLES} == COMMAND_TYPES


def test_commands_have_unique_ids() -> None:
    assert len({Stop().id for _ in range(100)}) == 100


def test_set_without_a_value_is_no_command() -> None:
    with pytest.raises(msgspec.ValidationError, match="value"):
        decode_command(b'{"type":"set","key":"learning_rate"}')


@pytest.mark.parametrize("line", [b'{"type":"fly"}', b"{", b'{"type":"stop","id":"\xff"}'])
def test_line_that_is_no_command_is_counted_as_corrupt(path: Path, line: bytes) -> None:
    path.write_bytes(line + b"\n")
    send_command(path, EXAMPLES[0])
    reader = command_reader(path)
    assert reader.read_new() == EXAMPLES[:1]
    assert reader.num_corrupt == 1


def test_command_after_a_torn_one_is_not_lost(path: Path) -> None:
    path.write_bytes(b'{"type":"pau')
    send_command(path, EXAMPLES[2])
    assert command_reader(path).read_new() == [EXAMPLES[2]]


def test_four_processes_write_whole_lines(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", SEND_FIFTY, str(path), name]) for name in "abcd"]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    reader = command_reader(path)
    received = [command for command in reader.read_new() if isinstance(command, Set)]
    values = {name: [command.value for command in received if command.key[0] == name] for name in "abcd"}
    assert values == {key: [float(number) for number in range(50)] for key in "abcd"}
    assert reader.num_corrupt == 0


def test_command_to_a_missing_run_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot write"):
        send_command(tmp_path / "absent" / "commands.jsonl", Pause())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_command_on_a_full_disk_is_a_storage_error() -> None:
    with pytest.raises(StorageError, match="the disk is full; free some space"):
        send_command(Path("/dev/full"), Pause())
