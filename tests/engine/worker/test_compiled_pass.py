"""A pass of PPO in C is the pass in NumPy up to rounding, on one thread or two, and ends where that ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.kernels.library import load_kernels
from engine.worker.crew import Crew
from engine.worker.fast_ppo import FastPPO
from tests.engine.worker.drift import difference, trained, weights
from tests.engine.worker.test_fast_ppo import SETTINGS, make

pytestmark = [
    pytest.mark.skipif(load_kernels() is None, reason="no C compiler, or NumPy has another BLAS"),
    pytest.mark.filterwarnings("ignore:You have specified a mini-batch size:UserWarning"),
]
ONE_ROW_LEFT = {"batch_size": 73, "n_epochs": 2, "policy_kwargs": {"net_arch": [16, 16], "activation_fn": nn.Tanh}}
ALL: dict[str, dict[str, Any]] = {**SETTINGS, "one_row_left": ONE_ROW_LEFT}


@pytest.fixture(params=ALL)
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    return ALL[request.param]


def learner(settings: dict[str, Any], *, num_threads: int) -> FastPPO:
    """Return one that updates in C on so many threads, or in NumPy with none."""
    model = make(FastPPO, **settings)
    assert isinstance(model, FastPPO)
    networks = model._networks
    assert networks is not None
    if num_threads:
        networks._compiled._crew = Crew(num_threads)
    else:
        networks._compiled = None
    return model


def test_it_is_numpy_s_pass(settings: dict[str, Any]) -> None:
    plain, compiled = (trained(learner(settings, num_threads=number), num_timesteps=1024) for number in (0, 1))
    assert difference(compiled, plain) <= 1e-5
    states = (model.policy.optimizer.state_dict()["state"] for model in (compiled, plain))
    for ours, theirs in zip(*(state.values() for state in states), strict=True):
        assert ours["step"] == theirs["step"]


def test_the_number_of_threads_changes_no_bit(settings: dict[str, Any]) -> None:
    one, two = (trained(learner(settings, num_threads=number), num_timesteps=1024) for number in (1, 2))
    assert torch.equal(weights(one), weights(two))


def test_it_stops_at_the_same_minibatch() -> None:
    settings = SETTINGS["stops_early"]
    plain, one, two = (trained(learner(settings, num_threads=number), num_timesteps=1024) for number in (0, 1, 2))
    assert plain._n_updates == one._n_updates == two._n_updates < 2 * settings["n_epochs"]
    logged = [model.logger.name_to_value["train/approx_kl"] for model in (plain, one, two)]
    assert logged[0] > 0
    np.testing.assert_allclose(logged, logged[0], rtol=1e-3)


@pytest.mark.parametrize("num_threads", [0, 1, 2])
def test_what_is_not_finite_shows(num_threads: int) -> None:
    model = trained(learner(SETTINGS["zoo"], num_threads=num_threads), num_timesteps=512)
    model.rollout_buffer.advantages[3] = np.nan
    model.train()
    assert np.isnan(model.logger.name_to_value["train/policy_gradient_loss"])
