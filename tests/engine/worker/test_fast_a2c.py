"""The closed-form update of A2C is stock A2C's, up to rounding, and its checkpoints are stock checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from stable_baselines3 import A2C
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike
from stable_baselines3.common.vec_env import DummyVecEnv
from torch import nn

from engine.worker.fast_a2c import FastA2C
from tests.engine.worker.drift import Choice, Drift, assert_same_log, difference, trained, weights

SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "zoo": {
        "learning_rate": 9.6e-4,
        "gae_lambda": 0.9,
        "vf_coef": 0.4,
        "use_sde": True,
        "policy_kwargs": {"log_std_init": -2, "ortho_init": False},
    },
    "tensorflows": {
        "policy_kwargs": {
            "optimizer_class": RMSpropTFLike,
            "optimizer_kwargs": {"eps": 1e-5},
            "net_arch": {"pi": [32], "vf": [64, 32]},
            "activation_fn": nn.ReLU,
        },
    },
    "adam": {
        "use_rms_prop": False,
        "ent_coef": 0.01,
        "normalize_advantage": True,
        "max_grad_norm": 0.05,
        "policy_kwargs": {"activation_fn": nn.ELU},
    },
}


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


def test_five_updates_are_those_of_stock_a2c(settings: dict[str, Any]) -> None:
    stock, fast = (trained(make(kind, **settings), num_timesteps=160) for kind in (A2C, FastA2C))
    assert fast._networks is not None
    assert difference(fast, stock) <= 1e-5
    assert_same_log(fast, stock)
    expected, found = (model.policy.optimizer.state_dict()["state"] for model in (stock, fast))
    assert set(found) == set(expected)
    for key, state in expected.items():
        assert set(found[key]) == set(state)
        assert found[key]["step"] == state["step"]


@pytest.mark.parametrize("name", ["defaults", "tensorflows", "adam"])
def test_stock_a2c_loads_it_and_goes_on_as_it_would(name: str, tmp_path: Path) -> None:
    model = trained(make(FastA2C, **SETTINGS[name]), num_timesteps=160)
    model.save(tmp_path / "policy.zip")
    models = [kind.load(tmp_path / "policy.zip", env=env(), device="cpu") for kind in (A2C, FastA2C)]
    assert type(models[0]) is A2C
    for loaded in models:
        torch.testing.assert_close(weights(loaded), weights(model), rtol=0, atol=0)
    expected, found = (trained(loaded, num_timesteps=160) for loaded in models)
    assert difference(found, expected) <= 1e-5


def test_choices_are_learned_by_stock_a2c() -> None:
    stock, fast = (
        trained(kind("MlpPolicy", DummyVecEnv([Choice]), seed=1, device="cpu"), num_timesteps=10)
        for kind in (A2C, FastA2C)
    )
    assert fast._networks is None
    torch.testing.assert_close(weights(fast), weights(stock), rtol=0, atol=0)


def env() -> DummyVecEnv:
    return DummyVecEnv([Drift] * 4)


def make(kind: type[A2C], **settings: Any) -> A2C:
    return kind("MlpPolicy", env(), n_steps=8, seed=1, device="cpu", **deepcopy(settings))
