"""The environment that stock Stable-Baselines3 is given: the one that the task reproduces, or our own one by one."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.wrappers import TimeLimit

from engine.protocol.config import GYM_PREFIX, RunConfig
from engine.tasks import load_run_task, offer_plugins
from robots.bench import PEERS
from robots.env import RobotEnv
from robots.registry import load_task


def peer_name(config: RunConfig) -> str:
    """Return the name of the environment that `make_peer` makes."""
    if config.is_gym:
        return config.task.removeprefix(GYM_PREFIX)
    return PEERS[config.task].partition(":")[2] if _has_peer(config) else f"RobotEnv({config.task_name})"


def make_peer(config: RunConfig) -> gymnasium.Env:
    """Return the environment that the task of `config` reproduces, with its time limit.

    Where there is none, its package is not installed, or `config` changes the task, it is our own as a Gymnasium
    environment. Raises RobotError.
    """
    if config.is_gym:
        offer_plugins(config, Path())
        keywords: dict[str, Any] = dict(config.task_params)
        return gymnasium.make(config.task.removeprefix(GYM_PREFIX), **keywords)
    if not _has_peer(config):
        return RobotEnv(load_run_task(config, Path()))
    module, _, name = PEERS[config.task].partition(":")
    env = getattr(importlib.import_module(module), name)()
    return TimeLimit(env, max_episode_steps=load_task(config.task).max_episode_steps)


def _has_peer(config: RunConfig) -> bool:
    package = PEERS.get(config.task, "").partition(":")[0].partition(".")[0]
    is_changed = config.changes_terms or bool(config.task_params)
    return bool(package) and not is_changed and importlib.util.find_spec(package) is not None
