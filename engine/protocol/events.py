"""The events of a run: one JSON object a line in events.jsonl, written by the engine, read by everyone else.

Readers skip unknown types, unknown keys and an incomplete last line, so that old viewers read new runs. New fields
have defaults, so that new viewers read old runs. A value that is NaN or infinite is written as null.
"""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from engine.protocol.status import EndReason, Status

PROTOCOL_VERSION = 1
LAST_STEP = 2**63 - 1
"""A line with a larger step is damaged; readers count in 64 bits and in floats."""
LAST_TIME = 253_402_300_799.0
"""The end of the year 9999. A line of a later time is damaged; calendars do not know it."""
Count = Annotated[int, Meta(ge=0, le=LAST_STEP)]
"""A number of something that can be counted."""


class Event(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every event has."""

    seq: int = 0
    """Number of the event in its file, from 1, without gaps."""
    time: Annotated[float, Meta(ge=0.0, le=LAST_TIME)] = 0.0
    """Seconds since 1970 (UTC)."""
    step: Count = 0
    """Timesteps trained so far, all environments together."""


class RunStarted(Event, frozen=True, kw_only=True, tag="run_started"):
    """An engine took the run. The first event of every file."""

    protocol: int = PROTOCOL_VERSION
    """Version of this protocol."""
    run_id: str = ""
    """Name of the run directory."""
    task: str = ""
    """Task id."""
    algorithm: str = ""
    """Short name of the algorithm."""
    seed: int = 0
    """Seed of the run."""
    total_timesteps: Count = 0
    """Timesteps that the run is going to train for."""
    num_envs: Count = 0
    """Environments side by side."""
    device: str = ""
    """Where the networks live."""
    pid: int = 0
    """Process id of the engine."""
    hostname: str = ""
    """Machine of the engine."""


class Resumed(Event, frozen=True, kw_only=True, tag="resumed"):
    """An engine goes on from a checkpoint; what stands before it with a later step is discarded."""

    checkpoint: str = ""
    """The checkpoint's directory, relative to the run directory; empty: from the beginning."""
    discarded_steps: Count = 0
    """Timesteps that were trained after the checkpoint and are repeated."""
    total_timesteps: Count = 0
    """Timesteps that the run is going to train for from now on."""
    is_exact: bool = True
    """Whether the run goes on as if it had never stopped, bit by bit."""
    why_inexact: str = ""
    """What makes it another run from here on, where it is not exact."""
    pid: int = 0
    """Process id of the engine."""
    hostname: str = ""
    """Machine of the engine."""


class StatusChanged(Event, frozen=True, kw_only=True, tag="status"):
    """The run's status changed."""

    status: Status = Status.STARTING
    """The new status."""
    detail: str = ""
    """What exactly happens, in a few words."""


class Metrics(Event, frozen=True, kw_only=True, tag="metrics"):
    """Numbers measured since the last such event; the names are Stable-Baselines3's."""

    values: dict[str, float | None] = field(default_factory=dict)
    """Metric name to value; null where it was NaN or infinite."""


class Episodes(Event, frozen=True, kw_only=True, tag="episode"):
    """Training episodes that ended since the last such event."""

    returns: list[float] = field(default_factory=list)
    """Sum of rewards of each episode, before normalisation."""
    lengths: list[int] = field(default_factory=list)
    """Timesteps of each episode."""
    terminations: dict[str, int] = field(default_factory=dict)
    """How many ended by each termination term, or by `time_limit`."""
    reward_sums: dict[str, float] = field(default_factory=dict)
    """Weighted sum of each reward term over an episode, mean over these episodes."""
    num_successes: int | None = None
    """How many succeeded; null where the task has no success."""
    randomizations: dict[str, list[float]] = field(default_factory=dict)
    """What each randomisation term drew for each episode, in the order of `returns`."""


class EvaluationDone(Event, frozen=True, kw_only=True, tag="evaluation"):
    """Evaluation episodes were played. `step` is that of the policy that played them, which may be some time ago."""

    episodes: Count = 0
    """Number of episodes."""
    return_mean: float = 0.0
    """Mean return."""
    return_std: float = 0.0
    """Standard deviation of the returns over the episodes."""
    return_ci95: float = 0.0
    """Half width of the 95 % confidence interval of the mean."""
    length_mean: float = 0.0
    """Mean length of an episode in timesteps."""
    is_best: bool = False
    """Whether it is the best evaluation of the run so far."""
    best_return_mean: float = 0.0
    """Best mean return so far, this one included."""
    best_step: Count = 0
    """Timestep of that best evaluation."""
    success_rate: float | None = None
    """Part of the episodes that succeeded; null where the task has no success."""
    termination_rates: dict[str, float] = field(default_factory=dict)
    """Part of the episodes that each termination term, or `time_limit`, ended."""
    duration_s: float = 0.0
    """How long the episodes took, in seconds; training went on meanwhile."""


class CheckpointSaved(Event, frozen=True, kw_only=True, tag="checkpoint_saved"):
    """A checkpoint is whole and on disk."""

    path: str = ""
    """Its directory, relative to the run directory."""
    reason: str = ""
    """Why it was saved: periodic, evaluation, command or last."""
    size_bytes: Count = 0
    """Size of its files."""
    duration_s: float = 0.0
    """How long saving took, in seconds; training waited for it."""


class CommandDone(Event, frozen=True, kw_only=True, tag="command_done"):
    """A command was carried out or refused. Each command gets exactly one such event."""

    command_id: str = ""
    """Id of the command."""
    command: str = ""
    """Its type."""
    is_accepted: bool = True
    """Whether it was carried out."""
    detail: str = ""
    """What was done, or why it was refused."""


class Warned(Event, frozen=True, kw_only=True, tag="warning"):
    """Something a user should know; training goes on."""

    code: str = ""
    """Short stable name of the warning."""
    message: str = ""
    """The sentence for the user."""


class RunEnded(Event, frozen=True, kw_only=True, tag="run_ended"):
    """The engine is done with the run. The last event of an engine."""

    reason: EndReason = EndReason.COMPLETED
    """Why it ended."""
    message: str = ""
    """The sentence for the user."""
    traceback: str = ""
    """Python's traceback when it was an error of the program."""
    exit_code: int | None = None
    """Exit code of an engine that died, 128 + signal when one killed it; null where the engine itself wrote this."""


AnyEvent = (
    RunStarted
    | Resumed
    | StatusChanged
    | Metrics
    | Episodes
    | EvaluationDone
    | CheckpointSaved
    | CommandDone
    | Warned
    | RunEnded
)
EVENT_TYPES: dict[str, type[Event]] = {
    str(event.__struct_config__.tag): event
    for event in (
        RunStarted, Resumed, StatusChanged, Metrics, Episodes, EvaluationDone, CheckpointSaved, CommandDone, Warned,
        RunEnded,
    )
}  # fmt: skip


class _Head(Struct):
    type: str


_head_decoder = msgspec.json.Decoder(_Head)
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(AnyEvent)
_encoder = msgspec.json.Encoder()


def reached_step(events: Iterable[Event]) -> int:
    """Return the timestep that a run has reached after `events`: an evaluation tells of an earlier one."""
    step = 0
    for event in events:
        step = event.step if isinstance(event, Resumed) else max(step, event.step)
    return step


def encode_event(event: Event) -> bytes:
    """Return `event` as one line of JSON. msgspec writes NaN and infinity as null."""
    return _encoder.encode(event) + b"\n"


def decode_event(line: bytes) -> AnyEvent | None:
    """Return the event in `line`, or None when its type is newer than this reader.

    Raises msgspec.DecodeError (its subclass ValidationError included) when the line is not an event.
    """
    try:
        return _decode(line)
    except (UnicodeDecodeError, RecursionError) as err:  # msgspec lets them through
        raise msgspec.DecodeError(str(err)) from err


def _decode(line: bytes) -> AnyEvent | None:
    try:
        return _decoder.decode(line)
    except msgspec.ValidationError:  # looking at the type first would take half as long again
        if _head_decoder.decode(line).type in EVENT_TYPES:
            raise
        return None
