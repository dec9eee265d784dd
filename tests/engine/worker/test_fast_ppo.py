"""The closed-form update of PPO is stock PPO's, up to rounding, and its checkpoints are stock checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv
from torch import nn

from engine.worker import ppo_loss
from engine.worker.fast_ppo import FastPPO
from engine.worker.ppo_loss import Coefficients, Minibatch, Noise
from tests.engine.worker.drift import Choice, Drift, assert_same_log, difference, trained, weights

SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {"batch_size": 64, "n_epochs": 2},
    "zoo": {
        "batch_size": 128,
        "n_epochs": 2,
        "use_sde": True,
        "sde_sample_freq": 4,
        "policy_kwargs": {"net_arch": [256, 256], "activation_fn": nn.ReLU, "log_std_init": -2.0, "ortho_init": False},
    },
    "everything_else": {
        "batch_size": 100,  # 512 rows: the last minibatch is smaller
        "n_epochs": 3,
        "ent_coef": 0.01,
        "clip_range_vf": 0.2,
        "max_grad_norm": 0.05,
        "policy_kwargs": {"net_arch": {"pi": [32], "vf": [64, 32]}, "activation_fn": nn.ELU},
    },
    "stops_early": {"batch_size": 64, "n_epochs": 5, "target_kl": 1e-4, "normalize_advantage": False},
    "no_hidden_layer": {"batch_size": 64, "n_epochs": 1, "policy_kwargs": {"net_arch": []}},
}


pytestmark = pytest.mark.filterwarnings("ignore:You have specified a mini-batch size:UserWarning")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in an engine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=SETTINGS)
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    return SETTINGS[request.param]


def test_three_updates_are_those_of_stock_ppo(settings: dict[str, Any]) -> None:
    stock, fast = (trained(make(kind, **settings), num_timesteps=1536) for kind in (PPO, FastPPO))
    assert difference(fast, stock) <= 1e-5
    assert fast._n_updates == stock._n_updates


def test_it_logs_what_stock_ppo_logs(settings: dict[str, Any]) -> None:
    stock, fast = (trained(make(kind, **settings), num_timesteps=512) for kind in (PPO, FastPPO))
    assert_same_log(fast, stock)


def test_the_optimisers_state_is_that_of_stock_ppo(settings: dict[str, Any]) -> None:
    stock, fast = (trained(make(kind, **settings), num_timesteps=512).policy.optimizer for kind in (PPO, FastPPO))
    expected, found = stock.state_dict()["state"], fast.state_dict()["state"]
    assert set(found) == set(expected)
    for key, state in expected.items():
        assert found[key]["step"] == state["step"]
        torch.testing.assert_close(found[key]["exp_avg"], state["exp_avg"], rtol=1e-3, atol=1e-6)


def test_stock_ppo_loads_it_and_goes_on_as_it_would(tmp_path: Path) -> None:
    fast = trained(make(FastPPO, **SETTINGS["defaults"]), num_timesteps=1024)
    fast.save(tmp_path / "policy.zip")
    stock = PPO.load(tmp_path / "policy.zip", env=fast.get_env(), device="cpu")
    assert type(stock) is PPO
    torch.testing.assert_close(weights(stock), weights(fast), rtol=0, atol=0)
    states = (model.policy.optimizer.state_dict()["state"][0]["exp_avg_sq"] for model in (stock, fast))
    torch.testing.assert_close(*states, rtol=0, atol=0)
    models = (trained(model, num_timesteps=1024) for model in (stock, fast))
    assert difference(*models) <= 1e-5


def test_it_goes_on_from_a_stock_checkpoint_with_its_moments(tmp_path: Path) -> None:
    stock = trained(make(PPO, **SETTINGS["defaults"]), num_timesteps=1024)
    stock.save(tmp_path / "policy.zip")
    models = [kind.load(tmp_path / "policy.zip", env=env(), device="cpu") for kind in (PPO, FastPPO)]
    expected, found = (trained(model, num_timesteps=512) for model in models)
    assert difference(found, expected) <= 1e-5


def test_choices_are_learned_by_stock_ppo() -> None:
    fast = FastPPO("MlpPolicy", DummyVecEnv([Choice]), n_steps=128, n_epochs=1, seed=1, device="cpu")
    before = weights(fast).clone()
    trained(fast, num_timesteps=512)
    assert not torch.equal(weights(fast), before)


@pytest.mark.parametrize("has_sde", [False, True])
@pytest.mark.parametrize("clip_range_vf", [None, 0.3])
def test_the_derivatives_are_those_of_autograd(has_sde: bool, clip_range_vf: float | None) -> None:
    """Spread so that many rows are beyond both clips."""
    rng = np.random.default_rng(0)
    mean, features, log_std, values = (
        rng.standard_normal(shape) for shape in ((50, 3), (50, 4), (4, 3) if has_sde else (3,), 50)
    )
    batch = Minibatch(
        observations=np.zeros((50, 1)),
        actions=rng.standard_normal((50, 3)),
        old_values=rng.standard_normal(50),
        old_log_prob=rng.standard_normal(50) - 3.0,
        advantages=rng.standard_normal(50),
        returns=rng.standard_normal(50),
    )
    given = Coefficients(
        clip_range=0.2, clip_range_vf=clip_range_vf, ent_coef=0.05, vf_coef=0.7, normalize_advantage=True
    )
    noise = Noise.state_dependent(log_std, features) if has_sde else Noise.independent(log_std)
    found = ppo_loss.policy_loss(mean, noise, batch, given)
    value, by_value = ppo_loss.value_loss(values, batch, given)

    leaves = [torch.tensor(array, requires_grad=True) for array in (mean, log_std, values)]
    loss = torch_loss(leaves, torch.tensor(features) if has_sde else None, batch, given)
    loss.backward()
    total = found.policy + given.ent_coef * found.entropy + given.vf_coef * value
    assert total == pytest.approx(loss.item(), rel=1e-6)
    by_log_std = noise.log_std_gradient(found.by_variance, log_std)
    for leaf, expected in zip(leaves, (found.by_mean, by_log_std, by_value), strict=True):
        assert leaf.grad is not None
        np.testing.assert_allclose(expected, leaf.grad.numpy(), rtol=1e-4, atol=1e-7)


def torch_loss(
    leaves: list[torch.Tensor], features: torch.Tensor | None, batch: Minibatch, given: Coefficients
) -> torch.Tensor:
    """Return PPO's loss as stable_baselines3/ppo/ppo.py computes it, for mean actions, log_std and values."""
    mean, log_std, values = leaves
    std = torch.exp(log_std) if features is None else torch.sqrt(features**2 @ torch.exp(log_std) ** 2 + 1e-6)
    distribution = torch.distributions.Normal(mean, std)
    actions, old_log_prob, advantages, returns, old_values = (
        torch.tensor(array)
        for array in (batch.actions, batch.old_log_prob, batch.advantages, batch.returns, batch.old_values)
    )
    advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    ratio = torch.exp(distribution.log_prob(actions).sum(1) - old_log_prob)
    clipped = torch.clamp(ratio, 1 - given.clip_range, 1 + given.clip_range)
    policy = -torch.min(advantages * ratio, advantages * clipped).mean()
    predicted = values
    if given.clip_range_vf is not None:
        predicted = old_values + torch.clamp(values - old_values, -given.clip_range_vf, given.clip_range_vf)
    value = nn.functional.mse_loss(returns, predicted)
    return policy - given.ent_coef * distribution.entropy().sum(1).mean() + given.vf_coef * value


def env() -> DummyVecEnv:
    return DummyVecEnv([Drift] * 4)


def make(kind: type[PPO], **settings: Any) -> PPO:
    return kind("MlpPolicy", env(), n_steps=128, seed=1, device="cpu", **settings)
