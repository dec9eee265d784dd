"""Files of a cloud run on the user's machine, below `cloud/` of its directory. All are copies: S3 has the truth.

spec.json          what the user asked for           attempts/0001.json   attempts, as far as they are known here
ledger.jsonl       what it cost                      link.json            what the link process tells viewers
link.log           output of the link process        view_key             reads its events by SSH, until it is over
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from cloud.layout import MAX_EPOCH_DIGITS
from cloud.link_report import LinkReport
from cloud.records import Attempt, CloudSpec, decode, encode
from engine.protocol.errors import StorageError
from engine.protocol.files import write_whole
from engine.protocol.run_dir import RunDir

Record = TypeVar("Record", bound=Struct)


@dataclass(frozen=True)
class CloudFiles:
    """The files of one run."""

    run: RunDir

    @property
    def spec(self) -> Path:
        """What the user asked for; a run without it was never sent."""
        return self.run.cloud / "spec.json"

    @property
    def attempts(self) -> Path:
        """Folder of the attempts."""
        return self.run.cloud / "attempts"

    @property
    def ledger(self) -> Path:
        """What it cost."""
        return self.run.cloud / "ledger.jsonl"

    @property
    def report(self) -> Path:
        """What the link process tells."""
        return self.run.cloud / "link.json"

    @property
    def log(self) -> Path:
        """Output of the link process."""
        return self.run.cloud / "link.log"

    @property
    def view_key(self) -> Path:
        """Private SSH key that reads the run's events on its instance; its public half has .pub behind it."""
        return self.run.cloud / "view_key"

    @property
    def known_hosts(self) -> Path:
        """SSH keys of the instance, as S3 tells them."""
        return self.run.cloud / "known_hosts"

    def read_spec(self) -> CloudSpec | None:
        """Return what the user asked for; None for a run of this machine."""
        return _read(self.spec, CloudSpec)

    def write_spec(self, spec: CloudSpec) -> None:
        """Write it down. Raises StorageError."""
        _write(self.spec, spec)

    def read_attempts(self) -> list[Attempt]:
        """Return the attempts that are known here, by number."""
        found = [_read(path, Attempt) for path in sorted(self.attempts.glob("[0-9]*.json"))]
        return [attempt for attempt in found if attempt is not None]

    def write_attempt(self, attempt: Attempt) -> None:
        """Write down how an attempt stands. Raises StorageError."""
        _write(self.attempts / f"{attempt.number:0{MAX_EPOCH_DIGITS}d}.json", attempt)

    def read_report(self) -> LinkReport | None:
        """Return what the link process told last."""
        return _read(self.report, LinkReport)

    def write_report(self, report: LinkReport) -> None:
        """Tell viewers. Raises StorageError."""
        _write(self.report, report)


def _read(path: Path, kind: type[Record]) -> Record | None:
    try:
        return decode(path.read_bytes(), kind)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _write(path: Path, record: Struct) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise StorageError.from_os_error(err, path) from err
    write_whole(path, encode(record))
