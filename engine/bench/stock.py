"""Stable-Baselines3 as its users run it, with the hyper-parameters of one of our configurations."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import gymnasium
from gymnasium import spaces
from sb3_contrib import TQC, CrossQ
from stable_baselines3 import A2C, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecEnv, VecNormalize

from engine.bench.peers import make_peer
from engine.protocol.algorithms import algorithm_name
from engine.protocol.config import RunConfig
from engine.worker.algorithms import model_keywords

CLASSES: dict[str, type[BaseAlgorithm]] = {"ppo": PPO, "a2c": A2C, "sac": SAC, "td3": TD3, "tqc": TQC, "crossq": CrossQ}


class VecKind(Enum):
    """Where Stable-Baselines3's environments live."""

    DUMMY = "dummy"
    """One after another in the learner's process."""
    SUBPROC = "subproc"
    """Each in a process of its own."""


def make_stock(config: RunConfig, *, kind: VecKind, device: str = "cpu") -> BaseAlgorithm:
    """Return a model of stock Stable-Baselines3 on the environment that it is given for the task of `config`."""
    env = make_stock_env(config, kind=kind)
    model_class: Any = CLASSES[algorithm_name(config.algorithm)]
    policy = "MultiInputPolicy" if isinstance(env.observation_space, spaces.Dict) else "MlpPolicy"
    return model_class(policy, env, seed=config.seed, device=device, verbose=0, **model_keywords(config, env))


def make_stock_env(config: RunConfig, *, kind: VecKind) -> VecEnv:
    """Return the vectorised environments, normalised where `config` wants it."""
    makers: list[Callable[[], gymnasium.Env]] = [lambda: Monitor(make_peer(config))] * config.num_envs
    env: VecEnv = SubprocVecEnv(makers) if kind is VecKind.SUBPROC else DummyVecEnv(makers)
    wanted = config.normalization
    if not (wanted.observations or wanted.rewards):
        return env
    return VecNormalize(
        env,
        norm_obs=wanted.observations,
        norm_reward=wanted.rewards,
        clip_obs=wanted.clip_obs,
        clip_reward=wanted.clip_reward,
        gamma=config.algorithm.gamma,
    )
