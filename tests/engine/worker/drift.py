"""A small environment for comparing a closed-form update with stock Stable-Baselines3's, and how to compare them."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.logger import Logger


class Drift(gymnasium.Env[np.ndarray, Any]):
    """Observations that drift with the action; what is learned does not matter."""

    observation_space = gymnasium.spaces.Box(-10.0, 10.0, (5,), np.float32)
    action_space: gymnasium.Space[Any] = gymnasium.spaces.Box(-1.0, 1.0, (3,), np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        return self.np_random.standard_normal(5).astype(np.float32), {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict]:
        observation = self.np_random.standard_normal(5).astype(np.float32) + np.mean(action).astype(np.float32)
        return observation, float(observation[0]), bool(self.np_random.random() < 0.05), False, {}


class Goal(Drift):
    """The same with a goal."""

    observation_space = gymnasium.spaces.Dict(
        {
            name: gymnasium.spaces.Box(-10.0, 10.0, (size,), np.float32)
            for name, size in (("observation", 5), ("achieved_goal", 2), ("desired_goal", 2))
        }
    )

    def reset(self, **keywords: Any) -> tuple[Any, dict]:
        return self._dressed(super().reset(**keywords)[0]), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict]:
        observation, *others = super().step(action)
        return self._dressed(observation), *others  # type: ignore[return-value]

    def compute_reward(self, achieved: np.ndarray, desired: np.ndarray, info: Any) -> np.ndarray:
        return -np.linalg.norm(achieved - desired, axis=-1)

    def _dressed(self, observation: np.ndarray) -> dict[str, np.ndarray]:
        return {"observation": observation, "achieved_goal": observation[:2], "desired_goal": observation[3:]}


class Choice(Drift):
    """The same with two choices for an action."""

    action_space = gymnasium.spaces.Discrete(2)


def trained(model: BaseAlgorithm, *, num_timesteps: int) -> Any:
    """Train with the same random numbers whichever model it is; the logger keeps what it was told last."""
    np.random.seed(0)
    torch.manual_seed(0)
    model.set_logger(Logger(None, []))
    assert model.env is not None
    model.env.seed(0)
    model.action_space.seed(0)
    model._last_obs = None
    model.learn(num_timesteps)
    return model


def weights(model: BaseAlgorithm) -> torch.Tensor:
    """Return all parameters of the policy, targets included, as one vector."""
    return torch.nn.utils.parameters_to_vector(model.policy.parameters()).detach()


def difference(found: BaseAlgorithm, expected: BaseAlgorithm) -> float:
    """Return how far the parameters of two models are apart, relative to their norm."""
    distance = torch.linalg.vector_norm(weights(found) - weights(expected))
    return float(distance / torch.linalg.vector_norm(weights(expected)))


def assert_same_log(found: BaseAlgorithm, expected: BaseAlgorithm) -> None:
    """Check that both logged the same of their updates, up to rounding."""
    seen, wanted = found.logger.name_to_value, expected.logger.name_to_value
    assert set(seen) == set(wanted)
    for name, value in wanted.items():
        if name.startswith("train/"):
            assert abs(seen[name] - value) <= 1e-3 * abs(value) + 1e-5, name
