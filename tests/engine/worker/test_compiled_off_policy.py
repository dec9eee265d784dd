"""A gradient step in C is the step in NumPy up to rounding, and the same bits on one thread and on two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from engine.kernels.library import load_kernels
from engine.worker.crew import Crew
from tests.engine.worker.drift import assert_same_log, difference, trained, weights
from tests.engine.worker.test_fast_off_policy import SETTINGS, make

pytestmark = pytest.mark.skipif(load_kernels() is None, reason="no C compiler, or NumPy has another BLAS")
PLAIN = ("sac", "td3")
ALL = {name: case[1:] for name, case in SETTINGS.items()} | {
    f"{name}_one_row": (SETTINGS[name][1], {**SETTINGS[name][2], "batch_size": 1}) for name in ("sac", "sac_zoo", "td3")
}


@pytest.fixture(params=ALL)
def case(request: pytest.FixtureRequest) -> tuple[type[OffPolicyAlgorithm], dict[str, Any]]:
    return ALL[request.param]


def learner(case: tuple[type[OffPolicyAlgorithm], dict[str, Any]], *, num_threads: int) -> Any:
    """Return one that learns in C on so many threads, or in NumPy with none."""
    kind, settings = case
    model: Any = make(kind, **settings)
    assert model._networks._compiled is not None
    if num_threads:
        model._networks._crew = Crew(num_threads)
    else:
        model._networks._compiled = None
    return model


def test_it_is_numpy_s_step(case: tuple[type[OffPolicyAlgorithm], dict[str, Any]]) -> None:
    plain, compiled = (trained(learner(case, num_threads=number), num_timesteps=48) for number in (0, 1))
    assert difference(compiled, plain) <= 1e-5
    assert_same_log(compiled, plain)
    for ours, theirs in zip(states(compiled), states(plain), strict=True):
        assert ours["step"] == theirs["step"]


def test_the_number_of_threads_changes_no_bit(case: tuple[type[OffPolicyAlgorithm], dict[str, Any]]) -> None:
    one, two = (trained(learner(case, num_threads=number), num_timesteps=48) for number in (1, 2))
    assert torch.equal(weights(one), weights(two))


@pytest.mark.parametrize("name", PLAIN)
def test_more_rows_than_there_is_room_for_are_learned_from(name: str) -> None:
    plain, compiled = (trained(learner(ALL[name], num_threads=number), num_timesteps=48) for number in (0, 1))
    for model in (plain, compiled):
        torch.manual_seed(0)
        np.random.seed(0)
        model.train(gradient_steps=2, batch_size=100)
    assert difference(compiled, plain) <= 1e-5


@pytest.mark.parametrize("name", PLAIN)
def test_networks_without_a_hidden_layer_are_left_to_numpy(name: str) -> None:
    stock, kind, _ = SETTINGS[name]
    expected, found = (trained(make(each, policy_kwargs={"net_arch": []}), num_timesteps=44) for each in (stock, kind))
    assert found._networks._compiled is None
    assert difference(found, expected) <= 1e-5


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("num_threads", [0, 1, 2])
def test_what_is_not_finite_shows(name: str, num_threads: int) -> None:
    model = trained(learner(ALL[name], num_threads=num_threads), num_timesteps=48)
    model.replay_buffer.rewards[:] = np.nan
    model.train(gradient_steps=2, batch_size=64)
    assert np.isnan(model.logger.name_to_value["train/critic_loss"])
    assert np.isnan(model.logger.name_to_value["train/actor_loss"])


def states(model: Any) -> list[dict[str, Any]]:
    optimizers = (model.actor.optimizer, model.critic.optimizer)
    return [state for optimizer in optimizers for state in optimizer.state_dict()["state"].values()]
