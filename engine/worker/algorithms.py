"""Build a Stable-Baselines3 algorithm from the configuration; classes are SB3's or derived, what they save is SB3's."""

from typing import Any

import msgspec
import numpy as np
from gymnasium import spaces
from sb3_contrib import TQC, CrossQ
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.noise import NormalActionNoise
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.her.her_replay_buffer import HerReplayBuffer
from torch import nn

from engine.protocol.algorithms import Linear, NetArch, PolicyKwargs, algorithm_name
from engine.protocol.config import RunConfig
from engine.protocol.fit import check_fit
from engine.worker.fast_a2c import FastA2C
from engine.worker.fast_ppo import FastPPO
from engine.worker.fast_sac import FastSAC
from engine.worker.fast_td3 import FastTD3

CLASSES: dict[str, type[BaseAlgorithm]] = {
    "ppo": FastPPO,
    "a2c": FastA2C,
    "sac": FastSAC,
    "td3": FastTD3,
    "tqc": TQC,
    "crossq": CrossQ,
}
ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU, "elu": nn.ELU}


def build_model(config: RunConfig, env: VecEnv, *, device: str) -> BaseAlgorithm:
    """Return a fresh algorithm for `env`; seeds Python, NumPy and torch with the run's seed. Raises ConfigError."""
    settings = config.algorithm
    has_goals = isinstance(env.observation_space, spaces.Dict)
    check_fit(
        config,
        has_goals=has_goals,
        max_episode_steps=env.get_attr("max_episode_steps")[0] if has_goals else None,
        has_choices=not isinstance(env.action_space, spaces.Box),
    )
    keywords = model_keywords(config, env)
    model_class: Any = CLASSES[algorithm_name(settings)]
    policy = "MultiInputPolicy" if has_goals else "MlpPolicy"
    return model_class(policy, env, seed=config.seed, device=device, verbose=0, **keywords)


def model_keywords(config: RunConfig, env: VecEnv) -> dict[str, Any]:
    """Return the hyper-parameters of `config` as the arguments of Stable-Baselines3's class."""
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
    if hindsight := keywords.pop("her", None):
        keywords["replay_buffer_class"] = HerReplayBuffer
        keywords["replay_buffer_kwargs"] = msgspec.structs.asdict(hindsight)
    return keywords


def to_schedule(value: Linear) -> LinearSchedule:
    """Return SB3's own schedule object, which stock SB3 can load again from policy.zip."""
    return LinearSchedule(value.start, value.end, end_fraction=1.0)


def _policy_kwargs(settings: PolicyKwargs) -> dict[str, Any]:
    given = {name: value for name in settings.__struct_fields__ if (value := getattr(settings, name)) is not None}
    if isinstance(settings.net_arch, NetArch):
        given["net_arch"] = {key: units for key, units in msgspec.to_builtins(settings.net_arch).items() if units}
    if settings.activation_fn is not None:
        given["activation_fn"] = ACTIVATIONS[settings.activation_fn]
    return given
