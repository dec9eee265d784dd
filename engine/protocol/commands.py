"""Commands to a running engine: one JSON object a line in commands.jsonl, written by viewers, read by the engine.

A command has an id; the engine answers each id with exactly one `command_done` event, also across restarts.
"""

import time
import uuid
from pathlib import Path

import msgspec
from msgspec import Struct, field

from engine.protocol.errors import StorageError
from engine.protocol.files import ends_with_newline, write_at_once


class Command(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every command has."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Unique id, chosen by the writer."""
    time: float = field(default_factory=time.time)
    """Seconds since 1970 (UTC) when it was given."""


class Pause(Command, frozen=True, kw_only=True, tag="pause"):
    """Hold training at the next step; the engine stays and uses next to no CPU."""


class Resume(Command, frozen=True, kw_only=True, tag="resume"):
    """Go on after a pause."""


class Stop(Command, frozen=True, kw_only=True, tag="stop"):
    """Finish the step, save a checkpoint and end the run."""


class SaveCheckpoint(Command, frozen=True, kw_only=True, tag="save_checkpoint"):
    """Save a checkpoint now."""


class Set(Command, frozen=True, kw_only=True, tag="set"):
    """Change a hyper-parameter that may change while training."""

    key: str
    """Name of the hyper-parameter, such as learning_rate."""
    value: float
    """Its new value."""


AnyCommand = Pause | Resume | Stop | SaveCheckpoint | Set
COMMAND_TYPES: dict[str, type[Command]] = {
    str(command.__struct_config__.tag): command for command in (Pause, Resume, Stop, SaveCheckpoint, Set)
}

_decoder: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)


def send_command(path: Path, command: Command) -> None:
    """Append `command` to the file `path` in one write, which other writers cannot split. Raises StorageError."""
    try:
        with path.open("a+b", buffering=0) as file:
            # A writer that died in the middle of a line must not take this command with it.
            separator = b"" if ends_with_newline(file) else b"\n"
            write_at_once(file, separator + msgspec.json.encode(command) + b"\n")
    except OSError as err:
        raise StorageError.from_os_error(err, path) from err


def decode_command(line: bytes) -> AnyCommand:
    """Return the command in `line`. Raises msgspec.DecodeError when it is none."""
    try:
        return _decoder.decode(line)
    except (UnicodeDecodeError, RecursionError) as err:  # msgspec lets them through
        raise msgspec.DecodeError(str(err)) from err


def command_type(command: Command) -> str:
    """Return the name of the command's type, as it stands in the file."""
    return str(command.__struct_config__.tag)
