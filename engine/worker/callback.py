"""SB3's hook into its loop: report each step, take commands, and evaluate and save between two updates."""

import time

import msgspec
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecNormalize

from engine.protocol.checkpoints import Checkpoint, EvaluationResult
from engine.protocol.commands import AnyCommand, SaveCheckpoint, Set
from engine.protocol.config import RunConfig
from engine.protocol.errors import StorageError, is_full
from engine.protocol.events import CheckpointSaved, EvaluationDone
from engine.tasks import make_batch
from engine.worker.barrier import begin_anew, close_episodes
from engine.worker.checkpointing import Saver
from engine.worker.control import Control
from engine.worker.divergence import check_finite
from engine.worker.environments import RobotVecEnv
from engine.worker.evaluation import evaluate
from engine.worker.live import set_live
from engine.worker.reporter import Reporter
from engine.worker.trainer_state import TrainerState, capture
from robots.batch import Batch


class TrainingCallback(BaseCallback):
    """What happens besides learning. `state` is where training begins, `previous` the checkpoint it came from."""

    def __init__(
        self,
        config: RunConfig,
        control: Control,
        reporter: Reporter,
        state: TrainerState,
        *,
        previous: Checkpoint | None,
    ) -> None:
        super().__init__()
        self._config = config
        self._control = control
        self._reporter = reporter
        self._state = state
        self._previous = previous
        self._must_begin_anew = previous is not None
        self._next_evaluation = _next_multiple(state.num_timesteps, config.evaluation.every_timesteps)
        self._next_checkpoint = _next_multiple(state.num_timesteps, config.checkpoints.every_timesteps)
        self._evaluation_batch: Batch | None = None

    def _init_callback(self) -> None:
        env = self.model.get_env()
        assert isinstance(env, VecNormalize)
        assert isinstance(env.venv, RobotVecEnv)
        self._env, self._robots = env, env.venv
        self._saver = Saver(self._control.run, self._config, self.model, env, previous=self._previous)

    def _on_rollout_start(self) -> None:
        """Between two updates: the policy is new and no rollout is under way."""
        step = self._control.progress.step
        if self._must_begin_anew:  # this is the barrier that the checkpoint was saved at
            self._must_begin_anew = False
            begin_anew(self.model, self._env, seed=self._config.seed, step=step)
            return
        check_finite(self.model.logger.name_to_value)
        self._reporter.end_cycle()
        is_evaluation_due = 0 < self._next_evaluation <= step < self._state.total_timesteps
        is_checkpoint_due = 0 < self._next_checkpoint <= step < self._state.total_timesteps
        if is_evaluation_due:
            self._next_evaluation = _next_multiple(step, self._config.evaluation.every_timesteps)
        if is_checkpoint_due:
            self._next_checkpoint = _next_multiple(step, self._config.checkpoints.every_timesteps)
        result = self._evaluate() if is_evaluation_due else None
        if self._control.must_stop:
            return
        if is_checkpoint_due or (result is not None and result.is_best):
            self._save_at_barrier("best" if result is not None and result.is_best else "periodic", result)

    def _on_step(self) -> bool:
        """After each step of the environments. Returning False ends SB3's loop."""
        self._control.progress.step = self.num_timesteps
        self._reporter.add_episodes(self._robots.take_episodes(), levels=self._robots.mean_levels())
        self._reporter.tick(self.model.logger.name_to_value)
        self._control.poll(self._carry_out)
        return not self._control.must_stop

    def evaluate_and_save(self) -> None:
        """Finish a completed run: a last evaluation, when there are any, and a last checkpoint."""
        result = self._evaluate() if self._config.evaluation.every_timesteps else None
        self.save("last", result)

    def save(self, reason: str, result: EvaluationDone | None = None, *, is_barrier: bool = False) -> str:
        """Save a checkpoint and say so; return its path relative to the run. Raises StorageError."""
        evaluation = None
        if result is not None:
            evaluation = EvaluationResult(
                return_mean=result.return_mean, return_std=result.return_std, episodes=result.episodes
            )
        saved = self._save_when_there_is_room(reason, evaluation, is_barrier=is_barrier)
        if saved is None:
            return "the latest checkpoint is this very policy"
        self._control.writer.write(saved)
        self._control.writer.sync()
        return saved.path

    def _save_when_there_is_room(
        self, reason: str, evaluation: EvaluationResult | None, *, is_barrier: bool
    ) -> CheckpointSaved | None:
        """Save; on a full disk pause until somebody has made room. A run that is stopping does not wait.

        Raises StorageError.
        """
        while True:
            try:
                return self._saver.save(reason, self._capture(), evaluation=evaluation, is_barrier=is_barrier)
            except StorageError as err:
                if not is_full(err) or self._control.must_stop:
                    raise
                self._control.hold_for_space(str(err), self._refuse)

    def _refuse(self, command: AnyCommand) -> str:
        raise ValueError("the disk is full")

    def _save_at_barrier(self, reason: str, result: EvaluationDone | None) -> None:
        close_episodes(self.model)
        self.save(reason, result, is_barrier=True)
        begin_anew(self.model, self._env, seed=self._config.seed, step=self._control.progress.step)

    def _capture(self) -> TrainerState:
        known = {name: getattr(self._state, name) for name in _KEPT}
        return capture(self.model, levels=self._robots.levels(), **known)

    def _evaluate(self) -> EvaluationDone | None:
        """Play evaluation episodes and report them; None when a stop was asked for meanwhile."""
        began = time.monotonic()
        wanted = self._config.evaluation
        if self._evaluation_batch is None:
            self._evaluation_batch = make_batch(
                self._config, self._control.run.path, num_envs=wanted.episodes, seed=wanted.seed
            )
        report = evaluate(
            lambda observations: self.model.predict(self._env.normalize_obs(observations), deterministic=True)[0],  # type: ignore[arg-type]
            self._evaluation_batch,
            seed=wanted.seed,
            is_cancelled=lambda: self._control.must_stop,
        )
        self._control.progress.idle_s += time.monotonic() - began
        if report is None:
            return None
        step, best = self._control.progress.step, self._state.best_return_mean
        is_best = best is None or report.return_mean > best
        if is_best:
            self._state = msgspec.structs.replace(self._state, best_return_mean=report.return_mean, best_step=step)
        event = EvaluationDone(
            step=step,
            episodes=len(report.returns),
            return_mean=report.return_mean,
            return_std=report.return_std,
            return_ci95=report.return_ci95,
            length_mean=report.length_mean,
            is_best=is_best,
            best_return_mean=report.return_mean if best is None else max(best, report.return_mean),
            best_step=self._state.best_step,
            success_rate=report.success_rate,
            termination_rates=report.termination_rates,
        )
        self._control.writer.write(event)
        for name in ("return_mean", "return_std"):
            self.model.logger.record(f"eval/{name}", getattr(event, name))
        self.model.logger.record("eval/ep_len_mean", event.length_mean)
        if event.success_rate is not None:
            self.model.logger.record("eval/success_rate", event.success_rate)
        self.model.logger.dump(step)
        self._reporter.flush()  # at this step; after the last evaluation nobody else would
        return event

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


_KEPT = ("total_timesteps", "live", "best_return_mean", "best_step", "num_threads")
"""Fields of the trainer's state that the model does not know."""


def _next_multiple(step: int, interval: int) -> int:
    return (step // interval + 1) * interval if interval else 0
