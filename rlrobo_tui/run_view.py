"""What a viewer knows of one run: a pure fold of its events. The TUI draws it and `rlrobo watch` prints it.

Knows no files, no processes and no widgets.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from statistics import fmean, pstdev

from engine.protocol.events import (
    AnyEvent,
    CheckpointSaved,
    CommandDone,
    Episodes,
    EvaluationDone,
    Metrics,
    Resumed,
    RunEnded,
    RunStarted,
    StatusChanged,
    Warned,
)
from engine.protocol.status import OUTCOMES, EndReason, Status, with_next_step
from rlrobo_tui.series import Series

NUM_LOG_LINES = 500
SPEED = "time/steps_per_second"
MIN_SPEEDS, NUM_SPEEDS = 5, 20
"""Chosen: values of the speed that a spread needs, and those that count as recent."""


@dataclass(frozen=True)
class Restart:
    """An engine went on from a checkpoint."""

    step: int
    """Of the checkpoint."""
    time: float
    num_repeated: int
    """Timesteps that were trained before and are trained again."""


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
    """Why it ended and what to do next."""
    alarm: str = ""
    """What is wrong with an engine that lives: it hangs, or it is out of reach."""
    started_at: float | None = None
    """Seconds since 1970 (UTC) of the first event."""
    updated_at: float | None = None
    """Seconds since 1970 (UTC) of the last event."""
    series: dict[str, Series] = field(default_factory=dict)
    """Every metric's history."""
    not_finite: dict[str, list[int]] = field(default_factory=dict)
    """Steps at which a metric was NaN or infinite; it has no value there."""
    restarts: list[Restart] = field(default_factory=list)
    """Where engines went on from a checkpoint, by ascending step."""
    evaluations: list[EvaluationDone] = field(default_factory=list)
    checkpoints: list[CheckpointSaved] = field(default_factory=list)
    reward_sums: dict[str, float] = field(default_factory=dict)
    """Latest mean weighted sum of each reward term over an episode."""
    terminations: dict[str, int] = field(default_factory=dict)
    """Episodes by what ended them, since the start."""
    num_episodes: int = 0
    solved_return: float | None = None
    """Mean return at which the task counts as solved; set by who knows the task."""
    cost_usd: float = 0.0
    """Dollars; set by who reads a ledger, since no event tells them."""
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
    def may_go_on(self) -> bool:
        """Whether a new engine could go on with it: it ended before its last timestep."""
        return self.status in (Status.STOPPED, Status.FAILED)

    @property
    def eta_s(self) -> float | None:
        """Seconds until all timesteps are trained at the present speed; None where that is unknown."""
        speed = self.latest(SPEED)
        if not speed or self.alarm or self.status is not Status.RUNNING:
            return None
        return max(0, self.total_timesteps - self.step) / speed

    @property
    def eta_spread_s(self) -> float | None:
        """Seconds by which `eta_s` moves with the standard deviation of recent speeds; None where they are too few."""
        recent = self.series[SPEED].recent(NUM_SPEEDS) if SPEED in self.series else ()
        if self.eta_s is None or len(recent) < MIN_SPEEDS:
            return None
        return self.eta_s * pstdev(recent) / fmean(recent)

    def latest(self, metric: str) -> float | None:
        """Return the last value of a metric, or None."""
        points = self.series.get(metric)
        return points[-1].value if points else None

    def fold(self, events: Iterable[AnyEvent]) -> None:
        """Take `events` into account, in their order."""
        for event in events:
            # A resumed run goes back to its checkpoint; otherwise steps only grow.
            self.step = event.step if isinstance(event, Resumed) else max(self.step, event.step)
            self.updated_at = event.time
            if self.started_at is None:
                self.started_at = event.time
            self._take(event)

    def snapshot(self) -> "RunView":
        """Return a copy that another thread may read while this view goes on; series are shared, they only grow."""
        return replace(
            self,
            series=dict(self.series),
            not_finite={name: list(steps) for name, steps in self.not_finite.items()},
            restarts=list(self.restarts),
            evaluations=list(self.evaluations),
            checkpoints=list(self.checkpoints),
            reward_sums=dict(self.reward_sums),
            terminations=dict(self.terminations),
            log=self.log.copy(),
        )

    def mark_dead(self) -> None:
        """Say that the engine is gone although it announced no end."""
        if not self.status.is_over:
            self._end(EndReason.KILLED, OUTCOMES[EndReason.KILLED].sentence)

    def mark_moving(self, sentence: str) -> None:
        """Say what happens between two machines: an end that the engine of the first announced is not the run's."""
        self.status, self.status_detail = Status.STARTING, sentence
        self.end_reason, self.end_message = None, ""

    def set_alarm(self, text: str, *, time: float) -> None:
        """Say what is wrong with the engine that lives; an empty text says that nothing is any more."""
        if text and text != self.alarm:
            self.log.append(LogLine(time, self.step, "warning", f"warning: {text}"))
        self.alarm = text

    def _take(self, event: AnyEvent) -> None:
        if isinstance(event, Metrics):
            self._take_metrics(event)
        elif isinstance(event, Episodes):
            self._take_episodes(event)
        elif isinstance(event, EvaluationDone):
            self.evaluations.append(event)
            best = ", the best so far" if event.is_best else ""
            success = "" if event.success_rate is None else f", success {event.success_rate:.0%}"
            took = f", {event.duration_s:.1f} s beside training" if event.duration_s else ""
            result = f"return {event.return_mean:.1f} ± {event.return_ci95:.1f}{success}{best}"
            self._say(event, f"evaluation: {result}{took}")
        elif isinstance(event, CheckpointSaved):
            self.checkpoints.append(event)
            cost = f"{event.size_bytes / 1e6:.1f} MB, {event.duration_s * 1e3:.0f} ms"
            self._say(event, f"checkpoint saved ({event.reason}, {cost})")
        elif isinstance(event, StatusChanged):
            self.status, self.status_detail = event.status, event.detail
            self.end_reason, self.end_message = None, ""
            self._say(event, f"{event.status.value}{': ' if event.detail else ''}{event.detail}")
        elif isinstance(event, CommandDone):
            verb = "done" if event.is_accepted else "refused"
            self._say(event, f"{event.command} {verb}{': ' if event.detail else ''}{event.detail}")
        elif isinstance(event, Warned):
            self._say(event, f"warning: {event.message}")
        elif isinstance(event, RunStarted):
            self._take_start(event)
        elif isinstance(event, Resumed):
            self._take_resumed(event)
        elif isinstance(event, RunEnded):
            self._say(event, f"ended: {event.message}")
            self._end(event.reason, event.message)

    def _take_metrics(self, event: Metrics) -> None:
        step, time, series = float(event.step), event.time, self.series
        for name, value in event.values.items():
            if value is None:
                self.not_finite.setdefault(name, []).append(event.step)
                continue
            found = series.get(name)
            if found is None:
                found = series[name] = Series()
            found.append(step, time, value)

    def _take_start(self, event: RunStarted) -> None:
        self.run_id = event.run_id or self.run_id
        self.task, self.algorithm, self.seed = event.task, event.algorithm, event.seed
        self.device, self.num_envs, self.total_timesteps = event.device, event.num_envs, event.total_timesteps
        self.end_reason, self.end_message = None, ""
        self._say(event, f"engine started on {event.hostname} (process {event.pid}, {event.device})")

    def _take_resumed(self, event: Resumed) -> None:
        self.evaluations = [seen for seen in self.evaluations if seen.step <= event.step]
        self.checkpoints = [seen for seen in self.checkpoints if seen.step <= event.step]
        self.restarts = [seen for seen in self.restarts if seen.step < event.step]
        self.restarts.append(Restart(event.step, event.time, event.discarded_steps))
        self.not_finite = {
            name: kept for name, at in self.not_finite.items() if (kept := [step for step in at if step <= event.step])
        }
        self.total_timesteps = event.total_timesteps
        self.end_reason, self.end_message, self.status = None, "", Status.STARTING
        repeated = f", {event.discarded_steps:,} timesteps are repeated" if event.discarded_steps else ""
        inexact = "" if event.is_exact else f"; not the same run bit by bit: {event.why_inexact}"
        self._say(event, f"resumed from {event.checkpoint or 'the beginning'}{repeated}{inexact}")

    def _take_episodes(self, event: Episodes) -> None:
        self.num_episodes += len(event.returns)
        self.reward_sums.update(event.reward_sums)
        for name, count in event.terminations.items():
            self.terminations[name] = self.terminations.get(name, 0) + count

    def _end(self, reason: EndReason, message: str) -> None:
        self.end_reason, self.end_message = reason, with_next_step(message, reason, self.run_id)
        self.alarm = ""
        self.status = OUTCOMES[reason].status

    def _say(self, event: AnyEvent, text: str) -> None:
        self.log.append(LogLine(event.time, event.step, str(event.__struct_config__.tag), text))
