"""Decide where an engine begins: at the start, or at a checkpoint of the run it was given."""

import socket
from dataclasses import dataclass, field
from os import getpid

from engine.protocol.checkpoints import DISCARDED, Checkpoint, find_checkpoint, list_checkpoints, verify
from engine.protocol.config import RunConfig
from engine.protocol.errors import CheckpointError, UsageError
from engine.protocol.events import AnyEvent, EvaluationDone, Resumed, RunEnded, RunStarted, Warned, reached_step
from engine.protocol.json_lines import event_reader
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason


@dataclass(frozen=True)
class Beginning:
    """Where an engine begins, and what it tells viewers about that."""

    total_timesteps: int
    """Timesteps to train for."""
    checkpoint: Checkpoint | None = None
    """Verified; None: at the beginning."""
    is_first: bool = True
    """Whether no engine has worked on the run before."""
    num_steps_seen: int = 0
    """Timesteps that an earlier engine had reached."""
    last_event_at: float = 0.0
    """When that engine, or its supervisor, last said something."""
    evaluations: list[EvaluationDone] = field(default_factory=list)
    """What earlier engines evaluated on the way to that checkpoint."""
    warnings: list[Warned] = field(default_factory=list)
    """What is wrong with checkpoints that were passed over."""

    @property
    def step(self) -> int:
        """Timestep to begin at."""
        return self.checkpoint.step if self.checkpoint else 0


def choose_beginning(
    run: RunDir, config: RunConfig, *, from_step: int | None = None, total_timesteps: int | None = None
) -> Beginning:
    """Choose the checkpoint `from_step`, or the latest that verifies.

    Raises UsageError when nothing is left to train and CheckpointError when the checkpoint asked for is not whole.
    """
    events = event_reader(run.events).read_new()
    total = total_timesteps or _total_before(events) or config.total_timesteps
    checkpoint, warnings = _choose_checkpoint(run, from_step)
    beginning = Beginning(
        total_timesteps=total,
        checkpoint=checkpoint,
        is_first=not events,
        num_steps_seen=reached_step(events),
        last_event_at=events[-1].time if events else 0.0,
        evaluations=_evaluations_before(events, checkpoint.step if checkpoint else 0),
        warnings=warnings,
    )
    ended = next((event for event in reversed(events) if isinstance(event, RunEnded | Resumed | RunStarted)), None)
    is_completed = isinstance(ended, RunEnded) and ended.reason is EndReason.COMPLETED and from_step is None
    if beginning.step >= total or (is_completed and total_timesteps is None):
        raise UsageError(
            f"{run.path}: all {total:,} timesteps are trained; train further with `rlrobo resume {run.id} --steps +N`, "
            f"or anew with `rlrobo train {run.config}`."
        )
    return beginning


def set_aside_later_checkpoints(run: RunDir, beginning: Beginning) -> None:
    """Move what lies after the beginning out of the way: it is not part of the run any more, and it is not deleted."""
    later = [
        path for path in run.checkpoints.glob("[0-9]*") if path.name.isdecimal() and int(path.name) > beginning.step
    ]
    for path in later:
        target = run.path / DISCARDED / path.name
        for number in range(1, 1000):
            if not target.exists():
                break
            target = run.path / DISCARDED / f"{path.name}-{number}"
        target.parent.mkdir(exist_ok=True)
        path.rename(target)


def resumed_event(run: RunDir, beginning: Beginning, *, reasons: list[str]) -> Resumed:
    """Return the event that says where the run goes on."""
    checkpoint = beginning.checkpoint
    return Resumed(
        step=beginning.step,
        checkpoint=str(checkpoint.path.relative_to(run.path)) if checkpoint else "",
        discarded_steps=max(0, beginning.num_steps_seen - beginning.step),
        total_timesteps=beginning.total_timesteps,
        is_exact=not reasons,
        why_inexact="; ".join(reasons),
        pid=getpid(),
        hostname=socket.gethostname(),
    )


def _choose_checkpoint(run: RunDir, from_step: int | None) -> tuple[Checkpoint | None, list[Warned]]:
    if from_step is not None:
        return find_checkpoint(run.checkpoints, str(from_step)), []
    warnings: list[Warned] = []
    for checkpoint in reversed(list_checkpoints(run.checkpoints)):
        try:
            verify(checkpoint)
        except CheckpointError as err:
            message = f"{err} An earlier checkpoint serves instead."
            warnings.append(Warned(step=checkpoint.step, code="damaged_checkpoint", message=message))
            continue
        return checkpoint, warnings
    return None, warnings


def _evaluations_before(events: list[AnyEvent], step: int) -> list[EvaluationDone]:
    """Return the evaluations of policies up to `step`, without those on branches that were left."""
    found: list[EvaluationDone] = []
    for event in events:
        if isinstance(event, EvaluationDone):
            found.append(event)
        elif isinstance(event, Resumed):
            found = [earlier for earlier in found if earlier.step <= event.step]
    return [event for event in found if event.step <= step]


def _total_before(events: list[AnyEvent]) -> int:
    said = [event.total_timesteps for event in events if isinstance(event, RunStarted | Resumed)]
    return said[-1] if said else 0
