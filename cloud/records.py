"""What the user's machine, the instance and S3 tell each other about a run in the cloud: JSON files, one struct each.

The truth is in S3, below `runs/<run id>/` (layout.py); the user's machine keeps copies in the run directory, below
`cloud/`. Money is in US dollars, times are seconds since 1970 (UTC).
"""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

import msgspec
from msgspec import Struct

FORMAT_VERSION = 1


class Market(str, Enum):
    """How an instance is paid."""

    SPOT = "spot"
    ON_DEMAND = "on_demand"


class Pool(Struct, frozen=True, kw_only=True, order=True):
    """Where capacity comes from: an instance type in an availability zone."""

    instance_type: str
    """Such as c7i.2xlarge."""
    zone: str
    """Such as us-east-1a."""
    market: Market = Market.SPOT
    """How it is paid."""

    def __str__(self) -> str:
        return f"{self.instance_type} in {self.zone} ({self.market.value.replace('_', ' ')})"


class CloudSpec(Struct, frozen=True, kw_only=True):
    """What the user asked for when the run was sent to the cloud; written once."""

    run_id: str
    """Name of the run."""
    region: str
    """AWS region."""
    bucket: str
    """Bucket of the stack."""
    stack: str = "rlrobo"
    """Name of the CloudFormation stack."""
    instance_types: tuple[str, ...] = ()
    """Types that may be taken, best first."""
    max_price_total_usd: float | None = None
    """Most that all attempts together may cost; None: no limit."""
    max_hours: float = 24.0
    """Longest time from the first launch until everything is ended, however many attempts there are."""
    may_use_on_demand: bool = False
    """Whether an on-demand instance may be taken where no Spot capacity is left."""
    is_exact: bool = True
    """Whether an interrupted run goes on from the latest barrier checkpoint, bit by bit as if never interrupted, rather
    than from the newest one."""
    auto_resume: int = 2
    """Restarts of a crashed engine on its instance without a new checkpoint between."""
    max_attempts_without_progress: int = 3
    """Attempts in a row without a new checkpoint after which none follows."""
    has_relauncher: bool = False
    """Whether the stack's function launches the next attempt when this machine is away."""
    image: str = ""
    """Container image to run; empty: a wheel from S3."""
    wheel_key: str = ""
    """S3 key of the wheel to install."""
    wheel_sha256: str = ""
    """Its content."""
    created_at: float = 0.0
    """When it was sent."""
    owner: str = ""
    """ARN of the caller who sent it."""
    view_key: str = ""
    """SSH public key that may read the run's events on its instance; empty: none may."""
    format: int = FORMAT_VERSION
    """Version of these files."""

    def deadline(self) -> float:
        """Return when everything must be ended."""
        return self.created_at + 3600.0 * self.max_hours


class AttemptState(str, Enum):
    """Where an attempt stands. It only moves down this list."""

    INTENDED = "intended"
    """Written down; the launch may or may not have been sent."""
    LAUNCHED = "launched"
    """EC2 gave an instance."""
    RUNNING = "running"
    """Its agent holds the lease."""
    ENDED = "ended"
    """The instance is gone, or there never was one."""


class Cause(str, Enum):
    """Why an attempt ended."""

    NONE = ""
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    """The engine failed in a way that another machine would repeat."""
    INTERRUPTED = "interrupted"
    """AWS took the Spot instance back, with or without a notice."""
    NO_CAPACITY = "no_capacity"
    REFUSED = "refused"
    """AWS refused the launch: quota, permission, parameters."""
    BOOT_FAILED = "boot_failed"
    BUDGET = "budget"
    DEADLINE = "deadline"
    FENCED = "fenced"
    """A later attempt holds the lease."""
    LOST = "lost"
    """The machine went silent and was ended."""
    TERMINATED = "terminated"
    """Somebody ended the instance."""


class Attempt(Struct, frozen=True, kw_only=True):
    """One try to have the run trained on one instance."""

    number: int
    """From 1."""
    token: str
    """Client token of the launch: a hash of run, number and what is launched."""
    state: AttemptState = AttemptState.INTENDED
    pools: tuple[Pool, ...] = ()
    """Where it may be launched, in the order of preference."""
    pool: Pool | None = None
    """Where it was."""
    instance_id: str = ""
    fleet_id: str = ""
    image_id: str = ""
    """The machine image, resolved."""
    price_per_hour_usd: float | None = None
    """Of that pool when it was launched."""
    on_demand_price_per_hour_usd: float | None = None
    """Of the same type, for what was saved."""
    intended_at: float = 0.0
    launched_at: float | None = None
    ended_at: float | None = None
    first_step: int = 0
    """Timestep that it began from."""
    last_step: int = 0
    """Timestep that it reached, as far as is known."""
    saved_step: int = 0
    """Timestep of the newest checkpoint that it left in S3."""
    lost_steps: int = 0
    """Timesteps that it trained and that have to be trained again."""
    cause: Cause = Cause.NONE
    detail: str = ""
    """The sentence for the user, with the next step where there is one."""
    format: int = FORMAT_VERSION


class Lease(Struct, frozen=True, kw_only=True):
    """Who may write: lease.json. Only the holder of the highest epoch writes; the epoch is the attempt's number."""

    epoch: int
    instance_id: str
    taken_at: float
    deadline: float
    """When its instance ends itself, whatever happens."""


class Head(Struct, frozen=True, kw_only=True):
    """The newest whole checkpoints: HEAD.json, moved by compare-and-swap.

    A new holder of the lease writes its epoch into it first, so that no earlier one can move it any more; where there
    is no checkpoint yet, its keys are empty.
    """

    epoch: int
    """Of its writer; the checkpoints may be those of an earlier one, which their keys tell."""
    step: int
    """Of the newest one; -1: none yet."""
    manifest_key: str
    barrier_step: int
    """Of the newest one from which going on is exact; -1: none yet."""
    barrier_manifest_key: str
    saved_at: float
    best_manifest_key: str = ""
    """Of the one with the highest evaluation; empty: none was evaluated yet."""
    best_return: float | None = None
    """Mean return of that evaluation."""
    waiting: tuple[str, ...] = ()
    """Manifest keys of those whose evaluation is due and has not come, the latest few: the next attempt evaluates them.
    """
    kept: tuple[str, ...] = ()
    """Manifest keys of all checkpoints whose files must stay, the ones above among them."""
    dropped: tuple[str, ...] = ()
    """Those that just ceased to be: their own files are tagged as superseded before HEAD moves again."""


class BlobEntry(Struct, frozen=True, kw_only=True):
    """A file of a checkpoint; its content is the object `blobs/<sha256>`."""

    sha256: str
    size_bytes: int


class CloudManifest(Struct, frozen=True, kw_only=True):
    """A checkpoint in S3: ck/<step>-<epoch>/MANIFEST.json, written when all its blobs are there."""

    step: int
    epoch: int
    is_barrier: bool
    reason: str
    files: dict[str, BlobEntry]
    """Every file of the checkpoint's directory, its own manifest.json included."""
    parent: str = ""
    """Manifest key that HEAD named before."""
    saved_at: float = 0.0
    format: int = FORMAT_VERSION


class Phase(str, Enum):
    """What an instance does. Boot phases have time limits of their own."""

    BOOTING = "booting"
    INSTALLING = "installing"
    RESTORING = "restoring"
    TRAINING = "training"
    NOTICED = "noticed"
    """AWS announced that it takes the instance back."""
    SAVING = "saving"
    ENDING = "ending"


class Sign(Struct, frozen=True, kw_only=True):
    """The instance's sign of life: phase.json, rewritten every few seconds."""

    epoch: int
    instance_id: str
    instance_type: str
    zone: str
    phase: Phase
    time: float
    step: int = 0
    detail: str = ""
    interruption_at: float | None = None
    """When AWS takes the instance back, as its notice says."""
    upload_bytes_per_s: float | None = None
    """Measured; decides what an emergency checkpoint can hold."""
    address: str = ""
    """Public address for SSH; empty: none."""
    host_keys: str = ""
    """SSH keys by which the machine is known, a line each; empty: it does not take the run's view key."""
    engine_lock: str = ""
    """Content of the engine's lock file, for viewers."""
    heartbeat: str = ""
    """Content of heartbeat.json."""


class End(Struct, frozen=True, kw_only=True):
    """The run is over: END.json, written once by the instance or, where that cannot, by who concludes it."""

    epoch: int
    cause: Cause
    step: int
    time: float
    message: str = ""


class LedgerEntry(Struct, frozen=True, kw_only=True):
    """A span of time at one price; never changed after it is closed. ledger.jsonl, a line each."""

    attempt: int
    pool: Pool
    begin: float
    end: float
    price_per_hour_usd: float
    """What the pool cost then, as AWS told then."""
    on_demand_price_per_hour_usd: float | None = None

    def cost_usd(self) -> float:
        """Return what the span cost; EC2 bills by the second, at least a minute of an instance."""
        return self.price_per_hour_usd * (self.end - self.begin) / 3600.0


Record = TypeVar("Record", bound=Struct)


def encode(record: Struct) -> bytes:
    """Return a record as readable JSON."""
    return msgspec.json.format(msgspec.json.encode(record))


def decode(content: bytes, kind: type[Record]) -> Record:
    """Return the record in `content`. Raises msgspec.DecodeError."""
    return msgspec.json.decode(content, type=kind)
