"""The training story: build, learn, and at each pause between updates evaluate and save what is due."""

import time

import msgspec
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat
from stable_baselines3.common.utils import FloatSchedule
from stable_baselines3.common.vec_env import VecNormalize

from engine.protocol.algorithms import LIVE_KEYS, algorithm_name
from engine.protocol.checkpoints import EvaluationResult
from engine.protocol.commands import AnyCommand, SaveCheckpoint, Set
from engine.protocol.config import RunConfig
from engine.protocol.events import EvaluationDone, StatusChanged
from engine.protocol.json_lines import EventWriter
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason, Status
from engine.worker.algorithms import build_model
from engine.worker.checkpointing import Saver
from engine.worker.control import Control
from engine.worker.devices import choose_device, choose_num_threads
from engine.worker.divergence import check_finite
from engine.worker.environments import RobotVecEnv, make_training_env
from engine.worker.evaluation import evaluate
from engine.worker.reporter import Reporter
from robots.env import RobotBatch
from robots.registry import load_task


def train(run: RunDir, config: RunConfig, control: Control, writer: EventWriter) -> EndReason:
    """Train `config` from the beginning; return whether it was completed or stopped.

    Raises DivergedError, NonFiniteStateError, StorageError and ConfigError.
    """
    device, num_threads = choose_device(config), choose_num_threads(config)
    torch.set_num_threads(num_threads)
    # SB3 never turns this off; it checks every distribution of every step. Non-finite numbers are caught by
    # check_finite and by the environment, which name what was not finite.
    torch.distributions.Distribution.set_default_validate_args(False)

    env = make_training_env(config)
    model = build_model(config, env, device=device)
    reporter = Reporter(writer, control.progress)
    model.set_logger(Logger(str(run.tensorboard), [reporter, TensorBoardOutputFormat(str(run.tensorboard))]))
    callback = TrainingCallback(run, config, control, reporter)

    threads = f"{num_threads} thread{'s' if num_threads > 1 else ''}"
    writer.write(StatusChanged(status=Status.RUNNING, detail=f"{model.device.type}, {threads}"))
    model.learn(config.total_timesteps, callback, log_interval=1, reset_num_timesteps=False)
    reporter.flush()
    if control.must_stop:
        control.announce_stop()
        callback.save("last")
        return EndReason.STOPPED
    callback.evaluate_and_save()
    return EndReason.COMPLETED


class TrainingCallback(BaseCallback):
    """SB3's hook into its loop: reports each step, and evaluates and saves between two updates."""

    def __init__(self, run: RunDir, config: RunConfig, control: Control, reporter: Reporter) -> None:
        super().__init__()
        self._run = run
        self._config = config
        self._control = control
        self._reporter = reporter
        self._next_evaluation = config.evaluation.every_timesteps
        self._next_checkpoint = config.checkpoints.every_timesteps
        self._best: EvaluationDone | None = None
        self._evaluation_batch: RobotBatch | None = None

    def _init_callback(self) -> None:
        env = self.model.get_env()
        assert isinstance(env, VecNormalize)
        assert isinstance(env.venv, RobotVecEnv)
        self._env, self._robots = env, env.venv
        self._saver = Saver(self._run, self._config, self.model, env)

    def _on_rollout_start(self) -> None:
        """Between two updates: the policy is new and no rollout is under way."""
        step = self._control.progress.step
        check_finite(self.model.logger.name_to_value)
        self._reporter.end_cycle()
        is_evaluation_due = 0 < self._next_evaluation <= step < self._config.total_timesteps
        is_checkpoint_due = 0 < self._next_checkpoint <= step < self._config.total_timesteps
        if is_evaluation_due:
            self._next_evaluation = _next_multiple(step, self._config.evaluation.every_timesteps)
            result = self._evaluate()
            if result is not None and (result.is_best or is_checkpoint_due):
                self.save("best" if result.is_best else "periodic", result)
        if is_checkpoint_due:
            self._next_checkpoint = _next_multiple(step, self._config.checkpoints.every_timesteps)
            self.save("periodic")

    def _on_step(self) -> bool:
        """After each step of the environments. Returning False ends SB3's loop."""
        self._control.progress.step = self.num_timesteps
        self._reporter.add_episodes(self._robots.take_episodes())
        self._reporter.tick(self.model.logger.name_to_value)
        self._control.poll(self._carry_out)
        return not self._control.must_stop

    def evaluate_and_save(self) -> None:
        """Finish a completed run: a last evaluation, when there are any, and a last checkpoint."""
        result = self._evaluate() if self._config.evaluation.every_timesteps else None
        self.save("last", result)

    def save(self, reason: str, result: EvaluationDone | None = None) -> str:
        """Save a checkpoint and say so; return its path relative to the run. Raises StorageError."""
        evaluation = None
        if result is not None:
            evaluation = EvaluationResult(
                return_mean=result.return_mean, return_std=result.return_std, episodes=result.episodes
            )
        saved = self._saver.save(reason, evaluation)
        if saved is None:
            return "the latest checkpoint is this very policy"
        self._control.writer.write(saved)
        self._control.writer.sync()
        return saved.path

    def _evaluate(self) -> EvaluationDone | None:
        """Play evaluation episodes and report them; None when a stop was asked for meanwhile."""
        began = time.monotonic()
        wanted = self._config.evaluation
        if self._evaluation_batch is None:
            task = load_task(self._config.task)
            self._evaluation_batch = RobotBatch(task, num_envs=wanted.episodes, seed=wanted.seed)
        report = evaluate(
            lambda observations: self.model.predict(self._env.normalize_obs(observations), deterministic=True)[0],  # type: ignore[arg-type]
            self._evaluation_batch,
            seed=wanted.seed,
            is_cancelled=lambda: self._control.must_stop,
        )
        self._control.progress.idle_s += time.monotonic() - began
        if report is None:
            return None
        step = self._control.progress.step
        is_best = self._best is None or report.return_mean > self._best.return_mean
        event = EvaluationDone(
            step=step,
            episodes=len(report.returns),
            return_mean=report.return_mean,
            return_std=report.return_std,
            return_ci95=report.return_ci95,
            length_mean=report.length_mean,
            is_best=is_best,
            best_return_mean=report.return_mean if is_best or self._best is None else self._best.return_mean,
            best_step=step if is_best or self._best is None else self._best.step,
        )
        if is_best:
            self._best = event
        self._control.writer.write(event)
        for name in ("return_mean", "return_std"):
            self.model.logger.record(f"eval/{name}", getattr(event, name))
        self.model.logger.record("eval/ep_len_mean", event.length_mean)
        self.model.logger.dump(step)
        return event

    def _carry_out(self, command: AnyCommand) -> str:
        """Do what a command asks between two steps. Raises ValueError with the reason when it is refused."""
        if isinstance(command, SaveCheckpoint):
            return self.save("command")
        if isinstance(command, Set):
            return set_live(self.model, self._config, command)
        raise ValueError(f"the engine does not know the command {type(command).__name__}")


def set_live(model: BaseAlgorithm, config: RunConfig, command: Set) -> str:
    """Change a hyper-parameter of a model that is training. Raises ValueError when it cannot be changed so."""
    name = algorithm_name(config.algorithm)
    if command.key not in LIVE_KEYS[name]:
        raise ValueError(f"{command.key}: {name} can change {', '.join(LIVE_KEYS[name])} while training")
    fields = {**msgspec.to_builtins(config.algorithm), command.key: _as_integer_if_whole(command.value)}
    try:
        msgspec.convert(fields, type(config.algorithm))
    except msgspec.ValidationError as err:
        problem = str(err).partition(" - at")[0].replace("`", "").replace("Expected", "expected")
        raise ValueError(f"{command.key}: {problem}, got {command.value:g}") from None
    if command.key == "learning_rate":
        model.learning_rate = command.value
        model.lr_schedule = FloatSchedule(command.value)
    elif command.key == "clip_range":
        model.clip_range = FloatSchedule(command.value)  # type: ignore[attr-defined]
    else:
        setattr(model, command.key, fields[command.key])
    return f"{command.key} is {command.value:g} from here on"


def _as_integer_if_whole(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def _next_multiple(step: int, interval: int) -> int:
    return (step // interval + 1) * interval
