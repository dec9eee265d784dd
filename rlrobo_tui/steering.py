"""Leave a command for a run's engine, wherever it trains: for one in the cloud somebody here must pass it on."""

from __future__ import annotations

from cloud.attach import ensure_link
from cloud.commands import Kill
from engine.launch import kill_engine
from engine.protocol.commands import Command, send_command
from engine.protocol.remote import read_remote
from engine.protocol.run_dir import RunDir


def is_elsewhere(run: RunDir) -> bool:
    """Whether the run goes on in the cloud."""
    remote = read_remote(run.remote)
    return remote is not None and remote.is_active


def give(run: RunDir, command: Command) -> None:
    """Leave the command. Raises StorageError."""
    ensure_link(run)
    send_command(run.commands, command)


def kill(run: RunDir) -> bool:
    """Kill the engine at once; return whether there was one to kill. Raises StorageError."""
    if not is_elsewhere(run):
        return kill_engine(run)
    give(run, Kill())
    return True
