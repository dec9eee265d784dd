"""A gradient step that begins while robots are simulated changes no bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.kernels.library import load_kernels
from engine.worker.crew import Crew
from engine.worker.looking_ahead import LookingAhead, Minibatch
from tests.engine.worker.drift import difference, trained, weights
from tests.engine.worker.test_fast_off_policy import SETTINGS, make

pytestmark = pytest.mark.skipif(load_kernels() is None, reason="no C compiler, or NumPy has another BLAS")
NAMES = ("sac", "td3")
NUM_TIMESTEPS = 90


def learner(name: str, *, num_threads: int = 2, **settings: Any) -> Any:
    _, kind, common = SETTINGS[name]
    model: Any = make(kind, **{**common, **settings})
    assert isinstance(model, LookingAhead)
    model._networks._crew = Crew(num_threads)
    return model


def begun_in(model: Any, monkeypatch: pytest.MonkeyPatch) -> list[Minibatch]:
    """Return a list that the minibatches will be in whose gradient step begins early."""
    begun: list[Minibatch] = []
    begin = model._networks._begin

    def noted(minibatch: Minibatch) -> None:
        begun.append(minibatch)
        begin(minibatch)

    monkeypatch.setattr(model._networks, "_begin", noted)
    return begun


@pytest.mark.parametrize("name", NAMES)
def test_it_changes_no_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    early, late = learner(name), learner(name)
    begun = begun_in(early, monkeypatch)
    monkeypatch.setattr(late, "_begins_step", lambda: None)
    for model in (early, late):
        trained(model, num_timesteps=NUM_TIMESTEPS)
    assert torch.equal(weights(early), weights(late))
    # The replay buffer is small here, so that the newest timestep is often among the rows, and often is not.
    assert 0 < len(begun) < early._n_updates
    assert all(minibatch.rows.are_there for minibatch in begun)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_stock_s_update(name: str) -> None:
    stock, _, settings = SETTINGS[name]
    expected = trained(make(stock, **settings), num_timesteps=NUM_TIMESTEPS)
    assert difference(trained(learner(name), num_timesteps=NUM_TIMESTEPS), expected) <= 1e-4


@pytest.mark.parametrize("settings", [{"train_freq": 2}, {"gradient_steps": 0}, {"learning_starts": 200}])
def test_it_waits_for_a_timestep_that_no_update_follows(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = learner("td3", **settings)
    begun = begun_in(model, monkeypatch)
    trained(model, num_timesteps=NUM_TIMESTEPS)
    assert begun == []


def test_what_was_drawn_for_a_rollout_that_ended_early_is_forgotten() -> None:
    model = learner("td3")
    trained(model, num_timesteps=NUM_TIMESTEPS)
    model._drawn = stale = model._draw(model.batch_size)
    model.learn(1, reset_num_timesteps=False)
    assert model._drawn is not stale


def test_a_learner_can_go_while_a_step_has_begun() -> None:
    for _ in range(5):
        model = learner("td3")
        trained(model, num_timesteps=44)
        model._networks._begin(model._draw(model.batch_size))
        del model
