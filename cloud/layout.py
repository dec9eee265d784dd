"""Where the objects of a run are in the bucket, and its files on the user's machine.

runs/<id>/spec.json                    what the user asked for             written once
runs/<id>/input/<path>                 the run directory as it was sent    written once
runs/<id>/boot.sh                      user data, @ATTEMPT@ for the number; for the stack's relauncher; written once
runs/<id>/attempts/0001.json           attempts                            compare and swap
runs/<id>/lease.json                   who may write                       compare and swap, the epoch grows
runs/<id>/HEAD.json                    the newest checkpoints              compare and swap
runs/<id>/ck/000204800-0001/MANIFEST.json   a whole checkpoint             written once, after its blobs
runs/<id>/ck/000204800-0001/manifest.json   its own manifest with its evaluation   rewritten
runs/<id>/blobs/<sha256>               files of checkpoints                written once
runs/<id>/events/0001-000000001-000000120.jsonl   lines of events.jsonl: epoch, first and last seq; written once
runs/<id>/log/0001/engine.log          output of engine and agent          rewritten
runs/<id>/phase.json                   sign of life                        rewritten
runs/<id>/commands/<id>.json           commands of the user                written once
runs/<id>/END.json                     how it ended                        written once
open/<id>                              empty: the stack's relauncher may launch the next attempt; removed at the end
wheels/<sha256>/<name>.whl             what instances install, with constraints.txt beside it
"""

from __future__ import annotations

from dataclasses import dataclass

ROOT = "runs"
OPEN_ROOT = "open"
MAX_EPOCH_DIGITS, STEP_DIGITS, SEQ_DIGITS = 4, 9, 9


@dataclass(frozen=True)
class RunKeys:
    """The keys of one run."""

    run_id: str

    @property
    def prefix(self) -> str:
        """Before every key, with a slash at the end."""
        return f"{ROOT}/{self.run_id}/"

    @property
    def spec(self) -> str:
        return f"{self.prefix}spec.json"

    @property
    def boot(self) -> str:
        return f"{self.prefix}boot.sh"

    @property
    def open_marker(self) -> str:
        return f"{OPEN_ROOT}/{self.run_id}"

    @property
    def lease(self) -> str:
        return f"{self.prefix}lease.json"

    @property
    def head(self) -> str:
        return f"{self.prefix}HEAD.json"

    @property
    def sign(self) -> str:
        return f"{self.prefix}phase.json"

    @property
    def end(self) -> str:
        return f"{self.prefix}END.json"

    @property
    def inputs(self) -> str:
        return f"{self.prefix}input/"

    @property
    def attempts(self) -> str:
        return f"{self.prefix}attempts/"

    @property
    def events(self) -> str:
        return f"{self.prefix}events/"

    @property
    def commands(self) -> str:
        return f"{self.prefix}commands/"

    @property
    def checkpoints(self) -> str:
        return f"{self.prefix}ck/"

    def attempt(self, number: int) -> str:
        return f"{self.attempts}{number:0{MAX_EPOCH_DIGITS}d}.json"

    def manifest(self, *, step: int, epoch: int, again: int = 0) -> str:
        """`again` counts up where an epoch saved the same step more than once."""
        suffix = f"-{again}" if again else ""
        return f"{self.checkpoints}{step:0{STEP_DIGITS}d}-{epoch:0{MAX_EPOCH_DIGITS}d}{suffix}/MANIFEST.json"

    def evaluated(self, manifest_key: str) -> str:
        return manifest_key.removesuffix("MANIFEST.json") + "manifest.json"

    @property
    def blobs(self) -> str:
        return f"{self.prefix}blobs/"

    def blob(self, sha256: str) -> str:
        return f"{self.blobs}{sha256}"

    def segment(self, *, epoch: int, first_seq: int, last_seq: int) -> str:
        span = f"{first_seq:0{SEQ_DIGITS}d}-{last_seq:0{SEQ_DIGITS}d}"
        return f"{self.events}{epoch:0{MAX_EPOCH_DIGITS}d}-{span}.jsonl"

    def log(self, epoch: int, name: str) -> str:
        return f"{self.prefix}log/{epoch:0{MAX_EPOCH_DIGITS}d}/{name}"

    def command(self, command_id: str) -> str:
        return f"{self.commands}{command_id}.json"


TAG_RUN, TAG_STACK, TAG_ATTEMPT = "rlrobo:run", "rlrobo:stack", "rlrobo:attempt"
"""Tags of everything that AWS bills: instances, volumes, fleets, Spot requests."""
TAG_DEADLINE = "rlrobo:deadline"
"""Tag of an instance: when the stack's reaper ends it, whole seconds since 1970 (UTC)."""
ATTEMPT_PLACEHOLDER = "@ATTEMPT@"
"""In boot.sh where the user data of an attempt has its number."""
SUPERSEDED = {"class": "superseded"}
"""Tag of objects that no manifest in use names; only these are expired by the bucket's lifecycle."""


def wheel_keys(sha256: str, name: str) -> tuple[str, str]:
    """Return the keys of a wheel and of the constraints beside it."""
    return f"wheels/{sha256}/{name}", f"wheels/{sha256}/constraints.txt"
