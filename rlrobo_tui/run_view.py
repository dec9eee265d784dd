"""What a viewer knows of one run: a pure fold of its events. The TUI draws it and `rlrobo watch` prints it.

Knows no files, no processes and no widgets.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.protocol.events import (
    AnyEvent,
    CheckpointSaved,
    CommandDone,
    Episodes,
    EvaluationDone,
    Metrics,
    RunEnded,
    RunStarted,
    StatusChanged,
    Warned,
)
from engine.protocol.status import OUTCOMES, EndReason, Status

NUM_LOG_LINES = 500


@dataclass(frozen=True)
class Point:
    """One value of a metric."""

    step: int
    time: float
    value: float


@dataclass(frozen=True)
class LogLine:
    """One thing that happened, as a sentence."""

    time: float
    step: int
    kind: str
    """Type of its event."""
    text: str


@dataclass
class RunView:
    """State of a run after the events folded so far."""

    run_id: str = ""
    task: str = ""
    algorithm: str = ""
    seed: int = 0
    device: str = ""
    num_envs: int = 0
    step: int = 0
    total_timesteps: int = 0
    status: Status = Status.STARTING
    status_detail: str = ""
    end_reason: EndReason | None = None
    end_message: str = ""
    started_at: float | None = None
    """Seconds since 1970 (UTC) of the first event."""
    updated_at: float | None = None
    """Seconds since 1970 (UTC) of the last event."""
    series: dict[str, list[Point]] = field(default_factory=dict)
    """Every metric's history."""
    evaluations: list[EvaluationDone] = field(default_factory=list)
    checkpoints: list[CheckpointSaved] = field(default_factory=list)
    reward_sums: dict[str, float] = field(default_factory=dict)
    """Latest mean weighted sum of each reward term over an episode."""
    terminations: dict[str, int] = field(default_factory=dict)
    """Episodes by what ended them, since the start."""
    num_episodes: int = 0
    log: deque[LogLine] = field(default_factory=lambda: deque(maxlen=NUM_LOG_LINES))

    @property
    def progress(self) -> float:
        """Part of the timesteps that is trained, 0 to 1."""
        return min(1.0, self.step / self.total_timesteps) if self.total_timesteps else 0.0

    @property
    def best(self) -> EvaluationDone | None:
        """The best evaluation, or None."""
        return max(self.evaluations, key=lambda event: event.return_mean, default=None)

    @property
    def eta_s(self) -> float | None:
        """Seconds until all timesteps are trained at the present speed; None where that is unknown."""
        speed = self.latest("time/steps_per_second")
        if not speed or self.status is not Status.RUNNING:
            return None
        return max(0, self.total_timesteps - self.step) / speed

    def latest(self, metric: str) -> float | None:
        """Return the last value of a metric, or None."""
        points = self.series.get(metric)
        return points[-1].value if points else None

    def fold(self, events: Iterable[AnyEvent]) -> None:
        """Take `events` into account, in their order."""
        for event in events:
            self.step = max(self.step, event.step)
            self.updated_at = event.time
            if self.started_at is None:
                self.started_at = event.time
            self._take(event)

    def mark_dead(self) -> None:
        """Say that the engine is gone although it announced no end."""
        if not self.status.is_over:
            self._end(EndReason.KILLED, OUTCOMES[EndReason.KILLED].sentence)

    def _take(self, event: AnyEvent) -> None:
        if isinstance(event, Metrics):
            for name, value in event.values.items():
                if value is not None:
                    self.series.setdefault(name, []).append(Point(event.step, event.time, value))
        elif isinstance(event, Episodes):
            self._take_episodes(event)
        elif isinstance(event, EvaluationDone):
            self.evaluations.append(event)
            best = ", the best so far" if event.is_best else ""
            self._say(event, f"evaluation: return {event.return_mean:.1f} ± {event.return_ci95:.1f}{best}")
        elif isinstance(event, CheckpointSaved):
            self.checkpoints.append(event)
            self._say(event, f"checkpoint saved ({event.reason}, {event.size_bytes / 1e6:.1f} MB)")
        elif isinstance(event, StatusChanged):
            self.status, self.status_detail = event.status, event.detail
            self._say(event, f"{event.status.value}{': ' if event.detail else ''}{event.detail}")
        elif isinstance(event, CommandDone):
            verb = "done" if event.is_accepted else "refused"
            self._say(event, f"{event.command} {verb}{': ' if event.detail else ''}{event.detail}")
        elif isinstance(event, Warned):
            self._say(event, f"warning: {event.message}")
        elif isinstance(event, RunStarted):
            self._take_start(event)
        elif isinstance(event, RunEnded):
            self._say(event, f"ended: {event.message}")
            self._end(event.reason, event.message)

    def _take_start(self, event: RunStarted) -> None:
        self.run_id, self.task, self.algorithm, self.seed = event.run_id, event.task, event.algorithm, event.seed
        self.device, self.num_envs, self.total_timesteps = event.device, event.num_envs, event.total_timesteps
        self.end_reason, self.end_message = None, ""
        self._say(event, f"engine started on {event.hostname} (process {event.pid}, {event.device})")

    def _take_episodes(self, event: Episodes) -> None:
        self.num_episodes += len(event.returns)
        self.reward_sums.update(event.reward_sums)
        for name, count in event.terminations.items():
            self.terminations[name] = self.terminations.get(name, 0) + count

    def _end(self, reason: EndReason, message: str) -> None:
        self.end_reason, self.end_message = reason, message
        self.status = OUTCOMES[reason].status

    def _say(self, event: AnyEvent, text: str) -> None:
        self.log.append(LogLine(event.time, event.step, str(event.__struct_config__.tag), text))
