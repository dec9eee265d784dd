"""The evaluations of a run: which checkpoints wait for one, and what is written when it is there.

They are played by a process of their own while training goes on. Nothing that training does depends on when a result
arrives, and results arrive in the order of the checkpoints, so a run has the same evaluations however fast they are.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from engine.protocol.checkpoints import EvaluationResult, list_checkpoints, write_evaluation
from engine.protocol.config import RunConfig
from engine.protocol.errors import StorageError
from engine.protocol.events import EvaluationDone, Warned
from engine.protocol.json_lines import EventWriter
from engine.protocol.run_dir import RunDir
from engine.worker.evaluator import Answer, Evaluator
from engine.worker.evaluator_process import DeadEvaluatorError, EvaluatorProcess

MAX_WAITING = 3
"""chosen: how many checkpoints may be behind, the one that is played included. Each of them takes disk space."""
MAX_DEATHS = 2
POLL_INTERVAL_S = 0.25


class Evaluations:
    """Evaluates checkpoints in their order and writes what comes of it."""

    def __init__(
        self,
        run: RunDir,
        config: RunConfig,
        writer: EventWriter,
        *,
        earlier: list[EvaluationDone],
        record: Callable[[Mapping[str, float], int], None],
    ) -> None:
        """`earlier` are the run's evaluations so far; `record` takes metrics and the timestep that they belong to."""
        self._run = run
        self._config = config
        self._is_wanted = config.evaluation.every_timesteps > 0
        self._writer = writer
        self._record = record
        self._process = EvaluatorProcess(run.path)
        self._waiting: deque[Path] = deque()
        self._is_asked = self._is_delay_told = False
        self._num_answers = 0
        """Of the process that is at work."""
        self._num_deaths = 0
        self._next_poll_s = 0.0
        self._step = 0
        self._best_return_mean, self._best_step = _best_of(run, earlier)
        self._take_up(earlier)

    @property
    def waiting(self) -> tuple[Path, ...]:
        """The checkpoints without a result yet, the one that is played included."""
        return tuple(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether too many wait for another one."""
        return len(self._waiting) >= MAX_WAITING

    @property
    def is_due(self) -> bool:
        """Whether it is time for `poll`: where something waits, every quarter of a second."""
        return bool(self._waiting) and time.monotonic() >= self._next_poll_s

    def add(self, checkpoint: Path) -> None:
        """Have the checkpoint in this directory evaluated."""
        if self._is_wanted and checkpoint not in self._waiting:
            self._waiting.append(checkpoint)

    def poll(self, *, step: int, timeout_s: float = 0.0) -> bool:
        """Write a result that comes within the time, at timestep `step` of training; return whether one did."""
        if not self._waiting:
            return False
        self._next_poll_s = time.monotonic() + POLL_INTERVAL_S
        self._step = step
        try:
            if not self._is_asked:
                self._process.ask(self._waiting[0])
                self._is_asked = True
            answer = self._process.take(timeout_s=timeout_s)
        except DeadEvaluatorError as err:
            self._mourn(str(err))
            return False
        if answer is None:
            return False
        self._is_asked = False
        self._num_answers += 1
        self._settle(answer)
        self._next_poll_s = 0.0  # ask for the next one at once
        return True

    def finish_here(self, *, step: int, is_cancelled: Callable[[], bool]) -> None:
        """Play what waits in this process, unless the other one is at work or what it played was the death of one.

        For the end of training: nothing is left to play beside, and a short run does not wait for a process to start.
        """
        if self._num_answers or self._num_deaths:
            return
        self._process.close()
        self._step = step
        evaluator = Evaluator(self._config, self._run.path)
        while self._waiting:
            answer = evaluator.answer(self._waiting[0], is_cancelled=is_cancelled)
            if is_cancelled():
                return
            self._settle(answer)

    def warn_of_delay(self, *, step: int) -> None:
        """Say once that evaluations take longer than the training between them; not what the process took to start."""
        if self._is_delay_told or self._num_answers <= MAX_WAITING:
            return
        self._is_delay_told = True
        message = (
            f"{len(self._waiting)} checkpoints wait for their evaluation, which takes longer than the training between "
            "two; training waits for the first of them, now and whenever they are so many. Evaluate less often "
            "(evaluation.every_timesteps) or less (evaluation.episodes)."
        )
        self._writer.write(Warned(step=step, code="evaluations_behind", message=message))

    def close(self) -> None:
        """End the evaluation that is under way; a resumed run plays it, and those that wait."""
        self._process.close()

    def _take_up(self, earlier: list[EvaluationDone]) -> None:
        """Go on with what an earlier engine left: write results that it had told, and queue what it had not."""
        told = {event.step: event for event in earlier}
        for checkpoint in list_checkpoints(self._run.checkpoints):
            if not checkpoint.manifest.is_evaluation_due or checkpoint.manifest.evaluation:
                continue
            if checkpoint.step in told:
                self._write_manifest(checkpoint.path, told[checkpoint.step])
            else:
                self.add(checkpoint.path)

    def _settle(self, answer: Answer) -> None:
        """Write the result of the first that waits, which then does so no longer."""
        checkpoint = self._waiting[0]
        self._write(checkpoint, answer)
        self._waiting.popleft()

    def _write(self, checkpoint: Path, answer: Answer) -> None:
        if answer.report is None:
            message = f"{checkpoint}: its evaluation failed: {answer.error} Training goes on."
            self._writer.write(Warned(step=self._step, code="evaluation_failed", message=message))
            return
        event = self._event(int(checkpoint.name), answer)
        self._writer.write(event)
        self._writer.sync()  # the event first: from it a manifest can be written later
        self._write_manifest(checkpoint, event)
        values = {
            "eval/return_mean": event.return_mean,
            "eval/return_std": event.return_std,
            "eval/ep_len_mean": event.length_mean,
        }
        if event.success_rate is not None:
            values["eval/success_rate"] = event.success_rate
        self._record(values, event.step)

    def _event(self, step: int, answer: Answer) -> EvaluationDone:
        report = answer.report
        assert report is not None
        is_best = self._best_return_mean is None or report.return_mean > self._best_return_mean
        if is_best:
            self._best_return_mean, self._best_step = report.return_mean, step
        assert self._best_return_mean is not None
        return EvaluationDone(
            step=step,
            episodes=len(report.returns),
            return_mean=report.return_mean,
            return_std=report.return_std,
            return_ci95=report.return_ci95,
            length_mean=report.length_mean,
            is_best=is_best,
            best_return_mean=self._best_return_mean,
            best_step=self._best_step,
            success_rate=report.success_rate,
            termination_rates=report.termination_rates,
            duration_s=answer.duration_s,
        )

    def _write_manifest(self, checkpoint: Path, event: EvaluationDone) -> None:
        result = EvaluationResult(return_mean=event.return_mean, return_std=event.return_std, episodes=event.episodes)
        try:
            write_evaluation(checkpoint, result)
        except StorageError as err:
            message = f"{err} The checkpoint does not know its evaluation and does not count as the best."
            self._writer.write(Warned(step=self._step, code="evaluation_not_kept", message=message))

    def _mourn(self, cause: str) -> None:
        """Let another process play what the dead one was asked for, or give up."""
        self._is_asked = False
        self._num_answers = 0
        self._num_deaths += 1
        if self._num_deaths < MAX_DEATHS:
            message = f"{cause} Another one plays its evaluation again."
        else:
            message = f"{cause} It was the second: training goes on without evaluations; `rlrobo evaluate` makes one."
            self._is_wanted = False
            self._waiting.clear()
        self._writer.write(Warned(step=self._step, code="evaluator_died", message=message))


def _best_of(run: RunDir, earlier: list[EvaluationDone]) -> tuple[float | None, int]:
    """Return the best mean return so far and its timestep, of events and, in a forked run, of checkpoints."""
    known = {event.step: event.return_mean for event in earlier}
    for checkpoint in list_checkpoints(run.checkpoints):
        if checkpoint.manifest.evaluation is not None:
            known.setdefault(checkpoint.step, checkpoint.manifest.evaluation.return_mean)
    best_step = max(sorted(known), key=lambda step: known[step], default=0)
    return known.get(best_step), best_step
