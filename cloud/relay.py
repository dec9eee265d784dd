"""Bring the user's commands from S3 to the engine's commands.jsonl, each once."""

from __future__ import annotations

import msgspec

from cloud.commands import Kill, decode_cloud_command
from cloud.layout import RunKeys
from cloud.store import Listed, ObjectStore
from engine.protocol.commands import AnyCommand, Command, send_command
from engine.protocol.json_lines import command_reader
from engine.protocol.run_dir import RunDir


class CommandRelay:
    """Knows which commands were brought. Not for several threads."""

    def __init__(self, store: ObjectStore, keys: RunKeys, run: RunDir) -> None:
        self._store = store
        self._keys = keys
        self._run = run
        self._seen = {keys.command(command.id) for command in command_reader(run.commands).read_new()}

    def bring(self) -> bool:
        """Bring what is new; return whether the engine is to be killed. Raises CloudError and StorageError.

        A command gets the time at which S3 took it, by this machine's clock: the engine compares it with its events',
        and the user's clock may be minutes off. What earlier engines answered, the engine knows from the events.
        """
        new = [listed for listed in self._store.list(self._keys.commands) if listed.key not in self._seen]
        offset_s = self._store.clock_offset_s() or 0.0
        found = [(listed, command) for listed in new if (command := self._read(listed))]
        must_kill = False
        for listed, command in sorted(found, key=lambda item: (item[0].modified_at, item[1].time)):
            if isinstance(command, Kill):
                must_kill = True
            else:
                send_command(self._run.commands, msgspec.structs.replace(command, time=listed.modified_at - offset_s))
            self._seen.add(listed.key)
        return must_kill

    def _read(self, listed: Listed) -> Command | None:
        stored = self._store.get(listed.key)
        try:
            command: AnyCommand | Kill = decode_cloud_command(stored.content if stored else b"")
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._seen.add(listed.key)
            return None
        return command
