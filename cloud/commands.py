"""Commands for a run in the cloud: those of the engine, and one that only an agent can carry out."""

from __future__ import annotations

import msgspec

from engine.protocol.commands import AnyCommand, Command, Pause, Resume, SaveCheckpoint, Set, Stop


class Kill(Command, frozen=True, kw_only=True, tag="kill"):
    """Kill the engine at once and end the run; what came after its last checkpoint is lost."""


CloudCommand = Pause | Resume | Stop | SaveCheckpoint | Set | Kill

_decoder: msgspec.json.Decoder[AnyCommand | Kill] = msgspec.json.Decoder(CloudCommand)


def encode_command(command: Command) -> bytes:
    """Return the content of commands/<id>.json."""
    return msgspec.json.encode(command)


def decode_cloud_command(content: bytes) -> AnyCommand | Kill:
    """Return the command in an object. Raises msgspec.DecodeError."""
    return _decoder.decode(content)
