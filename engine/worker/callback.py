"""SB3's hook into its loop: report each step, take commands, save between two updates, and have that evaluated."""

import time
from collections.abc import Callable, Mapping

import msgspec
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecNormalize

from engine.protocol import retention
from engine.protocol.commands import AnyCommand, SaveCheckpoint, Set
from engine.protocol.config import RunConfig
from engine.protocol.errors import StorageError, is_full
from engine.protocol.events import CheckpointSaved, Metrics
from engine.worker.barrier import begin_anew, close_episodes
from engine.worker.checkpointing import Saver
from engine.worker.control import Control
from engine.worker.divergence import check_finite
from engine.worker.environments import RobotVecEnv
from engine.worker.evaluations import POLL_INTERVAL_S, Evaluations
from engine.worker.live import set_live
from engine.worker.phases import ACT, CHECKPOINT, EVALUATE, LEARN, OTHER
from engine.worker.reporter import Reporter
from engine.worker.resuming import Beginning
from engine.worker.trainer_state import TrainerState, capture


class TrainingCallback(BaseCallback):
    """What happens besides learning. `state` is where training begins, `beginning` what it came from."""

    def __init__(
        self,
        config: RunConfig,
        control: Control,
        reporter: Reporter,
        state: TrainerState,
        *,
        beginning: Beginning,
    ) -> None:
        super().__init__()
        self._config = config
        self._control = control
        self._reporter = reporter
        self._state = state
        self._previous = beginning.checkpoint
        self._must_begin_anew = beginning.checkpoint is not None
        self._next_evaluation = _next_multiple(state.num_timesteps, config.evaluation.every_timesteps)
        self._next_checkpoint = _next_multiple(state.num_timesteps, config.checkpoints.every_timesteps)
        self._evaluations = Evaluations(
            control.run, config, control.writer, earlier=beginning.evaluations, record=self._record
        )

    def _init_callback(self) -> None:
        env = self.model.get_env()
        assert isinstance(env, VecNormalize)
        assert isinstance(env.venv, RobotVecEnv)
        self._env, self._robots = env, env.venv
        self._saver = Saver(self._control.run, self._config, self.model, env, previous=self._previous)

    def _on_rollout_start(self) -> None:
        """Between two updates: the policy is new and no rollout is under way."""
        phases = self._robots.phases
        phases.begin(OTHER)
        self._begin_rollout()
        phases.begin(ACT)  # what simulates, or waits for it, says so itself

    def _begin_rollout(self) -> None:
        step = self._control.progress.step
        if self._must_begin_anew:  # this is the barrier that the checkpoint was saved at
            self._must_begin_anew = False
            begin_anew(self.model, self._env, seed=self._config.seed, step=step)
            return
        check_finite(self.model.logger.name_to_value)
        self._reporter.end_cycle(self._robots.phases)
        is_evaluation_due = 0 < self._next_evaluation <= step < self._state.total_timesteps
        is_checkpoint_due = 0 < self._next_checkpoint <= step < self._state.total_timesteps
        if is_evaluation_due:
            self._next_evaluation = _next_multiple(step, self._config.evaluation.every_timesteps)
            self._wait_for_evaluations()
        if is_checkpoint_due:
            self._next_checkpoint = _next_multiple(step, self._config.checkpoints.every_timesteps)
        if self._control.must_stop:
            return
        if is_checkpoint_due or is_evaluation_due:
            reason = "periodic" if is_checkpoint_due else "evaluation"
            self._save_at_barrier(reason, is_evaluation_due=is_evaluation_due)

    def _on_rollout_end(self) -> None:
        """The update follows."""
        self._robots.phases.begin(LEARN)

    def _on_step(self) -> bool:
        """After each step of the environments. Returning False ends SB3's loop."""
        self._control.progress.step = self.num_timesteps
        self._reporter.add_episodes(self._robots.take_episodes(), levels=self._robots.mean_levels())
        self._reporter.tick(self.model.logger.name_to_value)
        if self._evaluations.is_due:
            self._take_evaluations()
        self._control.poll(self._carry_out)
        return not self._control.must_stop

    def complete(self) -> None:
        """Finish a completed run: a last checkpoint and, when there are evaluations, its own and those that wait."""
        is_evaluated = self._config.evaluation.every_timesteps > 0
        self.save("last", is_evaluation_due=is_evaluated)
        if is_evaluated:  # also where this very policy was saved before, by a command
            self._evaluations.add(self._saver.latest)
        with self._robots.phases(EVALUATE):
            step = self._control.progress.step
            self._evaluations.finish_here(step=step, is_cancelled=lambda: self._control.must_stop)
        self._wait_while(lambda: bool(self._evaluations.waiting))
        self._evaluations.close()
        self._let_go()

    def stop(self) -> None:
        """Finish a run that was asked to stop: a last checkpoint. What waits for its evaluation waits for a resume."""
        self._evaluations.close()
        self.save("last")

    def save(self, reason: str, *, is_evaluation_due: bool = False, is_barrier: bool = False) -> str:
        """Save a checkpoint and say so; return its path relative to the run. Raises StorageError."""
        saved = self._save_when_there_is_room(reason, is_evaluation_due=is_evaluation_due, is_barrier=is_barrier)
        if saved is None:
            return "the latest checkpoint is this very policy"
        self._control.writer.write(saved)
        self._control.writer.sync()
        if is_evaluation_due:
            self._evaluations.add(self._saver.latest)
        self._let_go()
        return saved.path

    def _save_when_there_is_room(
        self, reason: str, *, is_evaluation_due: bool, is_barrier: bool
    ) -> CheckpointSaved | None:
        """Save; on a full disk pause until somebody has made room. A run that is stopping does not wait.

        Raises StorageError.
        """
        while True:
            try:
                with self._robots.phases(CHECKPOINT):
                    state = self._capture()
                    return self._saver.save(reason, state, is_evaluation_due=is_evaluation_due, is_barrier=is_barrier)
            except StorageError as err:
                if not is_full(err) or self._control.must_stop:
                    raise
                self._control.hold_for_space(str(err), self._refuse)

    def _let_go(self) -> None:
        """Delete the checkpoints that the rules let go, but none that waits for its evaluation."""
        with self._robots.phases(CHECKPOINT):
            retention.apply(self._control.run.checkpoints, self._config.checkpoints, awaited=self._evaluations.waiting)

    def _refuse(self, command: AnyCommand) -> str:
        raise ValueError("the disk is full")

    def _save_at_barrier(self, reason: str, *, is_evaluation_due: bool) -> None:
        close_episodes(self.model)
        self.save(reason, is_evaluation_due=is_evaluation_due, is_barrier=True)
        begin_anew(self.model, self._env, seed=self._config.seed, step=self._control.progress.step)

    def _capture(self) -> TrainerState:
        known = {name: getattr(self._state, name) for name in _KEPT}
        return capture(self.model, levels=self._robots.levels(), **known)

    def _take_evaluations(self, *, timeout_s: float = 0.0) -> None:
        with self._robots.phases(EVALUATE):
            if self._evaluations.poll(step=self._control.progress.step, timeout_s=timeout_s):
                self._let_go()

    def _wait_for_evaluations(self) -> None:
        """Where too many checkpoints wait for their evaluation, let training wait, too, rather than leave one out."""
        if self._evaluations.is_full:
            self._evaluations.warn_of_delay(step=self._control.progress.step)
        self._wait_while(lambda: self._evaluations.is_full)

    def _wait_while(self, must_wait: Callable[[], bool]) -> None:
        """Take the results of evaluations and commands, until enough are there or a stop is asked for."""
        while must_wait() and not self._control.must_stop:
            began = time.monotonic()
            self._take_evaluations(timeout_s=POLL_INTERVAL_S)
            self._control.progress.idle_s += time.monotonic() - began
            self._control.poll(self._carry_out)

    def _record(self, values: Mapping[str, float], step: int) -> None:
        """Record metrics of an earlier timestep, apart from what SB3's logger gathers for the present one."""
        self._control.writer.write(Metrics(step=step, values=dict(values)))
        for output in self.model.logger.output_formats:
            if output is not self._reporter:
                output.write(dict(values), dict.fromkeys(values, ()), step)

    def _carry_out(self, command: AnyCommand) -> str:
        """Do what a command asks between two steps. Raises ValueError with the reason when it is refused."""
        if isinstance(command, SaveCheckpoint):
            return self.save("command")
        if isinstance(command, Set):
            done = set_live(self.model, self._config, command.key, command.value)
            live = {**self._state.live, command.key: command.value}
            self._state = msgspec.structs.replace(self._state, live=live)
            return done
        raise ValueError(f"the engine does not know the command {type(command).__name__}")


_KEPT = ("total_timesteps", "live", "num_threads")
"""Fields of the trainer's state that the model does not know."""


def _next_multiple(step: int, interval: int) -> int:
    return (step // interval + 1) * interval if interval else 0
