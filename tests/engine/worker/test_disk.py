"""The estimate of a run's size, compared with what Stable-Baselines3 and the engine really write."""

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box
from stable_baselines3.common.vec_env import DummyVecEnv

from engine.protocol.algorithms import ALGORITHMS
from engine.protocol.config import parse_config
from engine.protocol.disk import FIXED_BYTES, estimate, policy_bytes
from engine.worker.algorithms import build_model
from robots.registry import find_task
from tests.engine.driver import new_run, train_to_end


class Spaces(gymnasium.Env):
    """An environment that only has spaces."""

    observation_space = Box(-np.inf, np.inf, (28,), np.float32)
    action_space = Box(-1.0, 1.0, (8,), np.float32)

    def reset(self, **_: object) -> tuple[np.ndarray, dict]:
        """Return zeros."""
        return np.zeros(28, np.float32), {}


def fill_optimizers(model: Any) -> None:
    """Make every optimiser keep its numbers, as after the first update."""
    modules = [module for module in (model.policy, *model.policy.children()) if hasattr(module, "optimizer")]
    for module in modules:
        for group in module.optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = torch.zeros_like(parameter)
        module.optimizer.step()


@pytest.mark.parametrize("name", ALGORITHMS)
def test_policy_of_every_algorithm_has_the_estimated_size(name: str, tmp_path: Path) -> None:
    buffer = {} if name in ("ppo", "a2c") else {"buffer_size": 100}
    config = parse_config({"task": "a", "algorithm": {"name": name, **buffer}}, source="test")
    model = build_model(config, DummyVecEnv([Spaces]), device="cpu")
    fill_optimizers(model)
    model.save(tmp_path / "policy.zip")
    estimated = FIXED_BYTES + policy_bytes(config, observation_size=28, action_size=8)
    assert (tmp_path / "policy.zip").stat().st_size == pytest.approx(estimated, rel=0.15)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("algorithm", "overrides"),
    [
        ("ppo", ("total_timesteps=20000", "checkpoints.every_timesteps=5000", "num_envs=4")),
        ("sac", ("total_timesteps=3000", "checkpoints.every_timesteps=1000", "buffer_size=2000", "num_envs=4")),
    ],
)
def test_run_has_the_estimated_size_within_a_factor_of_two(
    algorithm: str, overrides: tuple[str, ...], tmp_path: Path
) -> None:
    run = new_run(tmp_path, *overrides, "evaluation.every_timesteps=0", algorithm=algorithm)
    task = find_task("cartpole_balance")
    sizes = {"observation_size": task.observation_size, "action_size": task.action_size}
    expected = estimate(run.read_config(), **sizes)
    train_to_end(run)
    written = sum(path.stat().st_size for path in run.path.rglob("*") if path.is_file())
    assert expected.total_bytes / 2 < written < expected.total_bytes * 2
