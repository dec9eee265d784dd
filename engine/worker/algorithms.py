"""Build a Stable-Baselines3 algorithm from the configuration; the classes are SB3's own, so is what they save."""

from typing import Any

import msgspec
import numpy as np
from gymnasium import spaces
from sb3_contrib import TQC, CrossQ
from stable_baselines3 import A2C, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.noise import NormalActionNoise
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.her.her_replay_buffer import HerReplayBuffer
from torch import nn

from engine.protocol.algorithms import Her, Linear, NetArch, PolicyKwargs, algorithm_name
from engine.protocol.config import RunConfig
from engine.protocol.errors import ConfigError

CLASSES: dict[str, type[BaseAlgorithm]] = {"ppo": PPO, "a2c": A2C, "sac": SAC, "td3": TD3, "tqc": TQC, "crossq": CrossQ}
ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU, "elu": nn.ELU}


def build_model(config: RunConfig, env: VecEnv, *, device: str) -> BaseAlgorithm:
    """Return a fresh algorithm for `env`; seeds Python, NumPy and torch with the run's seed. Raises ConfigError."""
    settings = config.algorithm
    keywords: dict[str, Any] = {name: getattr(settings, name) for name in settings.__struct_fields__}
    for name in ("learning_rate", "clip_range", "clip_range_vf"):
        if isinstance(keywords.get(name), Linear):
            keywords[name] = to_schedule(keywords[name])
    keywords["policy_kwargs"] = _policy_kwargs(settings.policy_kwargs)
    noise_std = keywords.pop("action_noise_std", 0.0)
    if noise_std:
        shape = env.action_space.shape or ()
        keywords["action_noise"] = NormalActionNoise(np.zeros(shape), np.full(shape, noise_std))
    has_goals = isinstance(env.observation_space, spaces.Dict)
    _check_goals(config, has_goals=has_goals)
    if hindsight := keywords.pop("her", None):
        _check_first_episodes(config, max_episode_steps=env.get_attr("task")[0].max_episode_steps)
        keywords["replay_buffer_class"] = HerReplayBuffer
        keywords["replay_buffer_kwargs"] = msgspec.structs.asdict(hindsight)
    model_class: Any = CLASSES[algorithm_name(settings)]
    policy = "MultiInputPolicy" if has_goals else "MlpPolicy"
    return model_class(policy, env, seed=config.seed, device=device, verbose=0, **keywords)


def to_schedule(value: Linear) -> LinearSchedule:
    """Return SB3's own schedule object, which stock SB3 can load again from policy.zip."""
    return LinearSchedule(value.start, value.end, end_fraction=1.0)


def _check_goals(config: RunConfig, *, has_goals: bool) -> None:
    """Refuse what Stable-Baselines3 cannot do with goals, or without them."""
    name = algorithm_name(config.algorithm)
    hindsight: Her | None = getattr(config.algorithm, "her", None)
    if hindsight is not None and not has_goals:
        raise ConfigError(config.task, "algorithm.her", f"{config.task} has no goals; leave it out.")
    if has_goals and name == "crossq":
        raise ConfigError(
            config.task, "algorithm.name", "CrossQ of sb3-contrib takes no goals; use sac, td3, tqc, ppo or a2c."
        )
    if has_goals and getattr(config.algorithm, "n_steps", 1) > 1 and hasattr(config.algorithm, "buffer_size"):
        raise ConfigError(config.task, "algorithm.n_steps", "n-step returns do not go with goals; set it to 1.")


def _check_first_episodes(config: RunConfig, *, max_episode_steps: int) -> None:
    """Refuse to learn before each environment has ended an episode: hindsight knows only whole ones."""
    needed = max_episode_steps * config.num_envs
    seen = getattr(config.algorithm, "learning_starts", 0)
    if seen < needed:
        raise ConfigError(
            config.task,
            "algorithm.learning_starts",
            f"expected at least {needed} with hindsight replay: an episode of {max_episode_steps} timesteps in each of "
            f"{config.num_envs} environments; got {seen}.",
        )


def _policy_kwargs(settings: PolicyKwargs) -> dict[str, Any]:
    given = {name: value for name in settings.__struct_fields__ if (value := getattr(settings, name)) is not None}
    if isinstance(settings.net_arch, NetArch):
        given["net_arch"] = {key: units for key, units in msgspec.to_builtins(settings.net_arch).items() if units}
    if settings.activation_fn is not None:
        given["activation_fn"] = ACTIVATIONS[settings.activation_fn]
    return given
