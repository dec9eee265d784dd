"""The training story: build, perhaps go back to a checkpoint, learn, and end with a checkpoint."""

from contextlib import closing
from functools import partial

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import VecNormalize

from engine.protocol.checkpoints import NORMALIZER
from engine.protocol.config import RunConfig
from engine.protocol.events import StatusChanged, Warned
from engine.protocol.status import EndReason, Status
from engine.worker.algorithms import build_model
from engine.worker.callback import TrainingCallback
from engine.worker.closed_form import ClosedForm
from engine.worker.control import Control
from engine.worker.devices import choose_device, choose_num_threads
from engine.worker.environments import RobotVecEnv, choose_num_workers, make_training_env
from engine.worker.host import HostMeter
from engine.worker.live import set_live
from engine.worker.normalizer import load_normalizer
from engine.worker.replay_storage import ReplayStorage, has_replay
from engine.worker.reporter import Reporter
from engine.worker.resuming import Beginning, resumed_event
from engine.worker.rollouts import SampledRollouts
from engine.worker.trainer_state import TrainerState, capture, read_state, reasons_against_exactness, restore_model


def train(config: RunConfig, control: Control, beginning: Beginning) -> EndReason:
    """Train `config` from `beginning` to its end; return whether it was completed or stopped.

    Raises DivergedError, NonFiniteStateError, StorageError, CheckpointError and ConfigError.
    """
    device = choose_device(config)
    torch.set_num_threads(choose_num_threads(config))
    # SB3 never turns this off; it checks every distribution of every step. Non-finite numbers are caught by
    # check_finite and by the environment, which name what was not finite.
    torch.distributions.Distribution.set_default_validate_args(False)

    with closing(make_training_env(config, control.run.path)) as env:
        model = build_model(config, env, device=device)
        recorded = read_state(beginning.checkpoint).num_threads if beginning.checkpoint else 0
        num_threads = choose_num_threads(config, model, recorded=recorded)
        torch.set_num_threads(num_threads)
        return _learn(model, num_threads, config=config, control=control, beginning=beginning)


def _learn(
    model: BaseAlgorithm, num_threads: int, *, config: RunConfig, control: Control, beginning: Beginning
) -> EndReason:
    state = capture(model, total_timesteps=beginning.total_timesteps, num_threads=num_threads)
    if not beginning.is_first or beginning.checkpoint:
        state = _go_back(model, state, config=config, control=control, beginning=beginning)
    reporter = Reporter(control.writer, control.progress, HostMeter(str(model.device)))
    folder = str(control.run.tensorboard)
    model.set_logger(Logger(folder, [reporter, TensorBoardOutputFormat(folder)]))
    callback = TrainingCallback(config, control, reporter, state, beginning=beginning)

    _announce(model, num_threads, config=config, control=control)
    control.cut_update_short = partial(cut_update_short, model)
    # SB3 adds the timesteps that are trained already.
    num_left = beginning.total_timesteps - model.num_timesteps
    model.learn(num_left, callback, log_interval=1, reset_num_timesteps=False)
    reporter.flush()
    if control.must_stop:
        if isinstance(model, PPO):
            model.target_kl = getattr(config.algorithm, "target_kl", None)
        control.announce_stop()
        callback.stop()
        return EndReason.STOPPED
    callback.complete()
    return EndReason.COMPLETED


def _announce(model: BaseAlgorithm, num_threads: int, *, config: RunConfig, control: Control) -> None:
    """Tell viewers that training begins, and on what."""
    step, num_workers = control.progress.step, choose_num_workers(config)
    detail = f"{model.device.type}, {num_threads} thread{'s' if num_threads > 1 else ''}"
    if num_workers > 1:
        detail += f", {num_workers} sampling processes"
    control.writer.write(StatusChanged(step=step, status=Status.RUNNING, detail=detail))
    if isinstance(model, ClosedForm):
        for code, message in model.notes().items():
            control.writer.write(Warned(step=step, code=code, message=message))
    if isinstance(model, SampledRollouts) and (reason := model.why_step_by_step()):
        message = f"Sampling waits for the learner at every step, which is slower: {reason}."
        control.writer.write(Warned(step=step, code="step_by_step", message=message))


def cut_update_short(model: BaseAlgorithm) -> None:
    """End PPO's update at its next minibatch: thousands may be left, and a stop should take a second.

    SB3 compares each minibatch's divergence, which is positive, with target_kl; other algorithms' updates are short.
    """
    if isinstance(model, PPO):
        model.target_kl = -1.0


def _go_back(
    model: BaseAlgorithm,
    fresh: TrainerState,
    *,
    config: RunConfig,
    control: Control,
    beginning: Beginning,
) -> TrainerState:
    """Put the model, its normalisation and its replay buffer where the checkpoint was, and tell viewers."""
    checkpoint, reasons, state = beginning.checkpoint, [], fresh
    if checkpoint is not None:
        saved = read_state(checkpoint)
        reasons = reasons_against_exactness(checkpoint, saved, fresh)
        if config.is_gym:
            reasons.append(f"{config.task} is another package's, which promises nothing")
        restore_model(model, checkpoint, saved)
        env = model.get_env()
        assert isinstance(env, VecNormalize)
        load_normalizer(env, checkpoint.path / NORMALIZER)
        for key, value in saved.live.items():
            set_live(model, config, key, value)
        if isinstance(model, OffPolicyAlgorithm) and model.replay_buffer is not None and has_replay(checkpoint):
            storage = ReplayStorage(model.replay_buffer)
            storage.load(checkpoint.path, position=saved.replay_position, is_full=saved.is_replay_full)
        robots = env.venv
        assert isinstance(robots, RobotVecEnv)
        robots.set_levels(saved.levels)
        state = capture(
            model,
            total_timesteps=fresh.total_timesteps,
            num_threads=fresh.num_threads,
            live=saved.live,
        )
    control.progress.step = beginning.step
    for warning in beginning.warnings:
        control.writer.write(warning)
    control.writer.write(resumed_event(control.run, beginning, reasons=reasons))
    return state
