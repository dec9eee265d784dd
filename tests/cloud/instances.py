"""Instances as processes: a real agent and a real engine, a bucket in a directory, a metadata service on loopback."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import msgspec

import cloud.imds
import cloud.timing
from cloud.attempts import read_attempt
from cloud.commands import encode_command
from cloud.layout import RunKeys
from cloud.records import Attempt, CloudSpec, End, Sign, decode, encode
from cloud.segments import read_segments
from engine.launch import find_engine, find_supervisor
from engine.protocol.commands import Command
from engine.protocol.crash_points import VARIABLE as CRASH_AT
from engine.protocol.events import AnyEvent, decode_event
from engine.protocol.files import sha256_of
from engine.protocol.run_dir import RunDir
from tests.cloud.directory_store import DirectoryStore, wait_for
from tests.engine.driver import new_run
from tests.fakeaws.imds import Identity, Imds

ROOT = Path(__file__).parent.parent.parent
TIMESCALE = 0.05
"""Of the intervals: 50 ms instead of a second. Margins shrink, too: 0.75 s for an engine to stop in an emergency."""
QUICK = ["num_envs=4", "n_steps=64", "batch_size=64", "n_epochs=2", "evaluation.every_timesteps=0"]


class Bucket:
    """A run that was sent to the cloud."""

    def __init__(self, folder: Path, *overrides: str, **wishes: object) -> None:
        """`overrides` are those of the configuration, `wishes` fields of the spec."""
        self.folder = folder
        self.store = DirectoryStore(folder / "bucket")
        self.run = new_run(folder / "user", *QUICK, *overrides)
        self.keys = RunKeys(self.run.id)
        self.spec = CloudSpec(run_id=self.run.id, region="us-east-1", bucket="bucket", created_at=time.time(), **wishes)  # type: ignore[arg-type]
        for path in (self.run.config, self.run.provenance):
            self.store.upload(f"{self.keys.inputs}{path.name}", path, sha256=sha256_of(path))
        self.store.put(self.keys.spec, encode(self.spec))

    def attempt(self, number: int) -> Attempt:
        """Return the record of an attempt."""
        found = read_attempt(self.store, self.keys, number)
        assert found is not None
        return found

    @property
    def end(self) -> End | None:
        """How the run ended; None: it has not."""
        stored = self.store.get(self.keys.end)
        return decode(stored.content, End) if stored else None

    @property
    def sign(self) -> Sign | None:
        """The last sign of life."""
        stored = self.store.get(self.keys.sign)
        return decode(stored.content, Sign) if stored else None

    def events(self) -> list[AnyEvent]:
        """Return the events that a reader finds."""
        lines = b"".join(part.lines for part in read_segments(self.store, self.keys)).splitlines()
        return [event for line in lines if (event := decode_event(line)) is not None]

    def order(self, command: Command) -> None:
        """Give a command, as the user's machine does."""
        self.store.create(self.keys.command(command.id), encode_command(command))


class Instance:
    """An instance that carries out an attempt, until the block ends."""

    def __init__(self, bucket: Bucket, number: int, *, crash_at: str = "", **fields: object) -> None:
        """`fields` are those of the attempt's record."""
        self.bucket = bucket
        self.number = number
        self.folder = bucket.folder / f"instance{number}"
        self.run = RunDir(self.folder / "runs" / bucket.run.id)
        self.imds = Imds(Identity(instance_id=f"i-{number}"))
        self.timescale = TIMESCALE
        self._crash_at = crash_at
        launched = {"number": number, "token": "t", "state": "launched", "launched_at": time.time(), **fields}
        record = msgspec.convert(launched, Attempt)
        bucket.store.create(bucket.keys.attempt(number), encode(record))
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> Instance:
        self.imds.__enter__()
        self.start_agent(crash_at=self._crash_at)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pull_plug()
        self.imds.close()

    def start_agent(self, *, crash_at: str = "") -> None:
        """Start an agent, the first one or one after a crash."""
        self.folder.mkdir(exist_ok=True)
        variables = {cloud.imds.VARIABLE: self.imds.url, cloud.timing.VARIABLE: str(self.timescale), CRASH_AT: crash_at}
        arguments = [str(self.bucket.folder / "bucket"), str(self.folder), self.bucket.run.id, str(self.number)]
        with (self.folder / "agent.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.cloud.instance_agent", *arguments],
                cwd=ROOT,
                env={**os.environ, **variables},
                stdout=log,
                stderr=log,
            )

    def pull_plug(self) -> None:
        """End everything at once, as a power cut does."""
        self.process.kill()
        self.process.wait()
        for find in (find_supervisor, find_engine, find_engine):
            holder = find(self.run)
            if holder is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(holder.pid, signal.SIGKILL)
                wait_for(lambda holder=holder: not holder.is_alive, what="a killed process to be gone")

    def wait(self) -> int:
        """Wait for the agent; return its exit code."""
        try:
            return self.process.wait(240.0)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the agent does not end: {self.log}") from None

    def wait_until(self, is_true: Callable[[], object], what: str) -> None:
        """Wait for something while the agent works."""
        wait_for(lambda: is_true() or self.process.poll() is not None, what=f"{what}; {self.log[-2000:]}")
        assert is_true(), f"{what}: the agent ended: {self.log}"

    @property
    def log(self) -> str:
        """What the agent printed."""
        return (self.folder / "agent.log").read_text()
