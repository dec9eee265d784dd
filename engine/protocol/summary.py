"""What a list of runs shows: one line for each run, read from the ends of its event file.

Cheap on purpose: parses the first line and the last few kilobytes, whatever the length of the file.
"""

import os
import time
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from engine.protocol.checkpoints import best_checkpoint, list_checkpoints
from engine.protocol.events import (
    AnyEvent,
    EvaluationDone,
    Metrics,
    Resumed,
    RunEnded,
    RunStarted,
    StatusChanged,
    decode_event,
    reached_step,
)
from engine.protocol.liveness import look
from engine.protocol.lock import read_holder
from engine.protocol.remote import read_remote
from engine.protocol.run_dir import RunDir
from engine.protocol.status import OUTCOMES, EndReason, Status, with_next_step
from engine.protocol.tags import read_tags

START_TIMEOUT_S = 60.0
"""An engine writes its first event within a second, on a busy machine within some; after this long it never will."""
_TAIL_BYTES = 64 * 1024
_BLOCK_BYTES = 1 << 20
_STATUS_LINE = b'\n{"type":"status"'
_FREQUENT = (b'{"type":"metrics"', b'{"type":"episode"')
_RECENT_LINES = 40
"""chosen: of frequent events only so many are parsed, the last ones; every metric is among them many times."""


class RunSummary(Struct, frozen=True, kw_only=True):
    """One run in a list. The keys of `rlrobo runs --json`."""

    id: str
    """Name of the run."""
    dir: str
    """Its directory."""
    task: str
    """Task id."""
    algorithm: str
    """Short name of the algorithm."""
    seed: int
    """Seed."""
    status: Status
    """What it is."""
    end_reason: EndReason | None
    """Why it ended, when it ended."""
    message: str
    """The sentence that goes with the end, or what is wrong with an engine that lives."""
    step: int
    """Timesteps trained."""
    total_steps: int
    """Timesteps to train."""
    started_at: float | None
    """Seconds since 1970 (UTC) when its first engine started."""
    updated_at: float | None
    """Seconds since 1970 (UTC) of its last event."""
    return_mean: float | None
    """Latest rollout/ep_rew_mean."""
    best_return_mean: float | None
    """Best evaluation."""
    steps_per_second: float | None
    """Latest time/steps_per_second."""
    hostname: str
    """Machine of its first engine; empty before that started."""
    place: str = "here"
    """Where it was started: here, or spot for a rented machine."""
    tags: tuple[str, ...] = ()
    """Words that people gave it."""


def summarize(run: RunDir) -> RunSummary:
    """Read the summary of a run. Raises ConfigError only when it has neither events nor a readable config."""
    first, tail = _read_ends(run.events)
    if not isinstance(first, RunStarted):
        first = _started_from_config(run)
    status, reason, message = current_status(tail, run)
    metrics: dict[str, float | None] = {}
    for event in tail:
        if isinstance(event, Metrics):
            metrics.update(event.values)
    return RunSummary(
        id=run.id,
        dir=str(run.path),
        task=first.task,
        algorithm=first.algorithm,
        seed=first.seed,
        status=status,
        end_reason=reason,
        message=message,
        step=reached_step(tail),
        total_steps=_total_timesteps(first, tail),
        started_at=first.time or None,
        updated_at=tail[-1].time if tail else None,
        return_mean=metrics.get("rollout/ep_rew_mean"),
        best_return_mean=_best_return_mean(run, tail),
        steps_per_second=metrics.get("time/steps_per_second"),
        hostname=first.hostname,
        place=remote.place if (remote := read_remote(run.remote)) else "here",
        tags=read_tags(run),
    )


def current_status(events: list[AnyEvent], run: RunDir) -> tuple[Status, EndReason | None, str]:
    """Conclude a run's status from its last events and from whether its engine lives.

    A run that has not ended and whose engine is dead was killed. The third is the sentence to show with them.
    """
    last = next(
        (event for event in reversed(events) if isinstance(event, StatusChanged | RunEnded | RunStarted | Resumed)),
        None,
    )
    engine = look(run, now=time.time())
    if engine.remote is not None and not engine.remote.is_training:
        return Status.STARTING, None, engine.alarm(Status.STARTING, quiet_since=0.0) or engine.remote.sentence
    if isinstance(last, RunEnded):
        return _ended(run, last.reason, last.message)
    if engine.remote is None and last is None and read_holder(run.lock_file) is None:
        return _status_before_first_event(run)
    status = last.status if isinstance(last, StatusChanged) else Status.STARTING
    if not engine.is_alive:
        return _ended(run, EndReason.KILLED, OUTCOMES[EndReason.KILLED].sentence)
    return status, None, engine.alarm(status, quiet_since=events[-1].time if events else 0.0)


def _ended(run: RunDir, reason: EndReason, message: str) -> tuple[Status, EndReason, str]:
    return OUTCOMES[reason].status, reason, with_next_step(message, reason, run.id)


def _total_timesteps(first: RunStarted, tail: list[AnyEvent]) -> int:
    """Return the timesteps to train for: what the last resume said, where it is at hand, else what the start said."""
    resumed = next((event for event in reversed(tail) if isinstance(event, Resumed)), None)
    return resumed.total_timesteps if resumed else first.total_timesteps


def _status_before_first_event(run: RunDir) -> tuple[Status, EndReason | None, str]:
    if time.time() - run.config.stat().st_mtime < START_TIMEOUT_S:
        return Status.STARTING, None, ""
    message = f"The engine never started; {run.engine_log} may say why."
    return OUTCOMES[EndReason.KILLED].status, EndReason.KILLED, message


def _best_return_mean(run: RunDir, tail: list[AnyEvent]) -> float | None:
    """Return the best evaluation: of the last evaluation event where it is at hand, else of the checkpoints."""
    evaluation = next((event for event in reversed(tail) if isinstance(event, EvaluationDone)), None)
    if evaluation is not None:
        return evaluation.best_return_mean
    best = best_checkpoint(list_checkpoints(run.checkpoints))
    return best.manifest.evaluation.return_mean if best and best.manifest.evaluation else None


def _read_ends(path: Path) -> tuple[AnyEvent | None, list[AnyEvent]]:
    try:
        with path.open("rb") as file:
            first = _decode(file.readline())
            start = max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES)
            file.seek(start)
            lines = file.read().splitlines()[bool(start) :]
            earlier, recent = lines[:-_RECENT_LINES], lines[-_RECENT_LINES:]
            wanted = [*(line for line in earlier if not line.startswith(_FREQUENT)), *recent]
            tail = [event for line in wanted if (event := _decode(line))]
            if start and not any(isinstance(event, StatusChanged | RunEnded) for event in tail):
                # The line that begins before `start` and ends behind it is not in `tail`.
                tail = [*_last_status(file, start + len(_STATUS_LINE)), *tail]
            return first, tail
    except FileNotFoundError:
        return None, []


def _last_status(file: BinaryIO, end: int) -> list[AnyEvent]:
    """Search backwards from `end` for the last status, without parsing what lies between."""
    overlap = b""
    while end > 0:
        start = max(0, end - _BLOCK_BYTES)
        file.seek(start)
        block = file.read(end - start) + overlap
        found = block.rfind(_STATUS_LINE)
        if found >= 0:
            file.seek(start + found + 1)
            event = _decode(file.readline())
            return [event] if event else []
        overlap = block[: len(_STATUS_LINE)]
        end = start
    return []


def _decode(line: bytes) -> AnyEvent | None:
    try:
        return decode_event(line)
    except msgspec.DecodeError:
        return None


def _started_from_config(run: RunDir) -> RunStarted:
    config = run.read_config()
    return RunStarted(
        task=config.task_name,
        algorithm=str(config.algorithm.__struct_config__.tag),
        seed=config.seed,
        total_timesteps=config.total_timesteps,
    )
