"""The closed-form updates of SAC and TD3 are stock's, up to rounding, and their checkpoints are stock checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3 import SAC, TD3
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
from stable_baselines3.her.her_replay_buffer import HerReplayBuffer
from torch import nn

from engine.protocol.presets import load_config
from engine.worker import squashed_gaussian
from engine.worker.crew import Crew
from engine.worker.fast_sac import FastSAC
from engine.worker.fast_td3 import FastTD3
from engine.worker.live import set_live
from tests.engine.worker.drift import Drift, Goal, assert_same_log, difference, trained, weights

ODD_NETWORKS = {"n_critics": 3, "activation_fn": nn.Tanh, "net_arch": {"pi": [20], "qf": [30, 10]}}
SETTINGS: dict[str, tuple[type[OffPolicyAlgorithm], type[OffPolicyAlgorithm], dict[str, Any]]] = {
    "sac": (SAC, FastSAC, {}),
    "sac_zoo": (
        SAC,
        FastSAC,
        {
            "learning_rate": 7.3e-4,
            "tau": 0.02,
            "train_freq": 8,
            "gradient_steps": 8,
            "use_sde": True,
            "policy_kwargs": {"log_std_init": -3, "net_arch": [400, 300]},
        },
    ),
    "sac_fixed": (
        SAC,
        FastSAC,
        {"ent_coef": 0.1, "n_steps": 3, "gradient_steps": 2, "batch_size": 33, "policy_kwargs": ODD_NETWORKS},
    ),
    "sac_rare_targets": (
        SAC,
        FastSAC,
        {
            "ent_coef": "auto_0.5",
            "target_update_interval": 2,
            "gradient_steps": 3,
            "use_sde": True,
            "policy_kwargs": {"n_critics": 1, "activation_fn": nn.ELU, "clip_mean": 0.0, "log_std_init": -2},
        },
    ),
    "td3": (TD3, FastTD3, {}),
    "td3_zoo": (TD3, FastTD3, {"learning_rate": 7e-4, "policy_kwargs": {"net_arch": [400, 300]}}),
    "td3_delayed": (
        TD3,
        FastTD3,
        {"n_steps": 2, "policy_delay": 3, "gradient_steps": 4, "batch_size": 33, "policy_kwargs": ODD_NETWORKS},
    ),
    "td3_no_delay": (
        TD3,
        FastTD3,
        {"policy_delay": 1, "target_noise_clip": 0.1, "policy_kwargs": {"n_critics": 1, "activation_fn": nn.ELU}},
    ),
}
KINDS = [(SAC, FastSAC), (TD3, FastTD3)]
SMALL = {"policy_kwargs": {"net_arch": [16, 16]}}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in an engine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=SETTINGS, scope="module")
def pair(request: pytest.FixtureRequest) -> tuple[OffPolicyAlgorithm, OffPolicyAlgorithm]:
    """Stock's model and ours after the same eight timesteps with updates."""
    stock, fast, settings = SETTINGS[request.param]
    return trained(make(stock, **settings), num_timesteps=48), trained(make(fast, **settings), num_timesteps=48)


def test_a_few_updates_are_those_of_stock(pair: tuple[OffPolicyAlgorithm, OffPolicyAlgorithm]) -> None:
    stock, fast = pair
    assert fast._networks is not None  # type: ignore[attr-defined]
    assert difference(fast, stock) <= 1e-5
    assert fast._n_updates == stock._n_updates


def test_what_is_logged_is_what_stock_logs(pair: tuple[OffPolicyAlgorithm, OffPolicyAlgorithm]) -> None:
    stock, fast = pair
    assert_same_log(fast, stock)


def test_the_optimisers_states_are_those_of_stock(pair: tuple[OffPolicyAlgorithm, OffPolicyAlgorithm]) -> None:
    stock, fast = (model.get_parameters() for model in pair)
    optimizers = [name for name in stock if "optimizer" in name]
    assert set(fast) == set(stock)
    assert len(optimizers) >= 2
    for name in optimizers:
        expected, found = stock[name]["state"], fast[name]["state"]
        assert set(found) == set(expected)
        for key, state in expected.items():
            assert found[key]["step"] == state["step"]
            torch.testing.assert_close(found[key]["exp_avg"], state["exp_avg"], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("stock", "fast"), KINDS)
def test_stock_loads_it_and_goes_on_as_it_would(
    stock: type[OffPolicyAlgorithm], fast: type[OffPolicyAlgorithm], tmp_path: Path
) -> None:
    model = trained(make(fast, **SMALL), num_timesteps=60)
    model.save(tmp_path / "policy.zip")
    models = [kind.load(tmp_path / "policy.zip", env=env(), device="cpu") for kind in (stock, fast)]
    assert type(models[0]) is stock
    for loaded in models:
        torch.testing.assert_close(weights(loaded), weights(model), rtol=0, atol=0)
    expected, found = (trained(loaded, num_timesteps=60) for loaded in models)
    assert difference(found, expected) <= 1e-5
    if isinstance(expected, SAC):
        assert expected.log_ent_coef is not None
        torch.testing.assert_close(found.log_ent_coef, expected.log_ent_coef, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("name", "kind"), [("sac", FastSAC), ("td3", FastTD3)])
def test_a_learning_rate_that_is_set_while_training_reaches_actor_and_critics(
    name: str, kind: type[OffPolicyAlgorithm]
) -> None:
    config = load_config(Path(f"configs/half_cheetah_run/{name}.yaml"))
    model = trained(make(kind, **SMALL), num_timesteps=42)
    set_live(model, config, "learning_rate", 1e-12)
    learning = [*model.actor.parameters(), *model.critic.parameters()]
    before = [parameter.detach().clone() for parameter in learning]
    model.train(gradient_steps=2, batch_size=64)
    assert model.logger.name_to_value["train/learning_rate"] == 1e-12
    for found, expected in zip(learning, before, strict=True):
        torch.testing.assert_close(found.detach(), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("stock", "fast"), KINDS)
def test_goals_with_hindsight_and_normalisation_are_learned_as_by_stock(
    stock: type[OffPolicyAlgorithm], fast: type[OffPolicyAlgorithm]
) -> None:
    settings: dict[str, Any] = {"replay_buffer_class": HerReplayBuffer, "learning_starts": 150, "buffer_size": 1000}
    models = [
        kind("MultiInputPolicy", VecNormalize(DummyVecEnv([Goal])), seed=1, device="cpu", **settings)  # type: ignore[arg-type]
        for kind in (stock, fast)
    ]
    expected, found = (trained(model, num_timesteps=154) for model in models)
    assert found._networks is not None
    assert difference(found, expected) <= 1e-5


@pytest.mark.parametrize(("stock", "fast"), KINDS)
@pytest.mark.parametrize(
    "policy_kwargs",
    [{"optimizer_class": torch.optim.AdamW}, {"activation_fn": nn.SiLU}, {"optimizer_kwargs": {"amsgrad": True}}],
)
def test_what_the_closed_form_does_not_cover_is_updated_by_stock(
    policy_kwargs: dict[str, Any], stock: type[OffPolicyAlgorithm], fast: type[OffPolicyAlgorithm]
) -> None:
    settings = {"policy_kwargs": {"net_arch": [8], **policy_kwargs}}
    expected, found = (trained(make(kind, **settings), num_timesteps=44) for kind in (stock, fast))
    assert found._networks is None
    torch.testing.assert_close(weights(found), weights(expected), rtol=0, atol=0)


@pytest.mark.parametrize("is_inverted", [False, True])
def test_the_derivatives_of_drawing_are_those_of_autograd(is_inverted: bool) -> None:
    """Some actions are beyond what the inverse of tanh tells apart."""
    rng = np.random.default_rng(0)
    mean, noise, variance = (rng.standard_normal((50, 3)) for _ in range(3))
    mean[:10] += 12.0
    variance, by_actions, by_log_prob = np.exp(variance), rng.standard_normal((50, 3)), np.float32(0.25)
    draw = (squashed_gaussian.draw_inverted if is_inverted else squashed_gaussian.draw)(mean, noise, variance)
    found = draw.derivatives(by_actions, by_log_prob)

    leaves = [torch.tensor(array, requires_grad=True) for array in (mean, noise, variance)]
    actions, log_prob = torch_draw(*leaves, is_inverted=is_inverted)
    torch.sum(torch.tensor(by_actions) * actions + by_log_prob * log_prob).backward()
    np.testing.assert_allclose(draw.log_prob, log_prob.detach().numpy().sum(axis=1), rtol=1e-6)
    for leaf, derivative in zip(leaves, found, strict=True):
        assert leaf.grad is not None
        np.testing.assert_allclose(derivative, leaf.grad.numpy(), rtol=1e-6, atol=1e-8)


def torch_draw(
    mean: torch.Tensor, noise: torch.Tensor, variance: torch.Tensor, *, is_inverted: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return actions and the terms of log_prob as stable_baselines3/common/distributions.py computes them."""
    gaussian = mean + noise
    actions = torch.tanh(gaussian)
    if is_inverted:
        limit = float(squashed_gaussian.INVERSE_LIMIT)
        gaussian = torch.atanh(actions.clamp(-limit, limit))
    log_prob = torch.distributions.Normal(mean, torch.sqrt(variance)).log_prob(gaussian)
    return actions, log_prob - torch.log(1.0 - torch.tanh(gaussian) ** 2 + 1e-6)


@pytest.mark.parametrize("name", ["sac_zoo", "td3_zoo"])
def test_the_number_of_threads_changes_no_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, fast, settings = SETTINGS[name]
    found = []
    for num_threads in (1, 2, 3):
        crew = Crew(num_threads)
        monkeypatch.setattr(Crew, "for_networks", lambda *_, crew=crew, **__: crew)
        found.append(weights(trained(make(fast, **settings), num_timesteps=48)))
    assert all(torch.equal(each, found[0]) for each in found)


def env() -> DummyVecEnv:
    return DummyVecEnv([Drift] * 2)


def make(kind: type[OffPolicyAlgorithm], **settings: Any) -> OffPolicyAlgorithm:
    # SB3 adds to the networks' settings.
    given = {"learning_starts": 40, "batch_size": 64, "buffer_size": 1000, **deepcopy(settings)}
    return kind("MlpPolicy", env(), seed=1, device="cpu", **given)  # type: ignore[arg-type]
