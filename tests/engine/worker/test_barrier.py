"""After a barrier everything depends on the seed and the timestep alone."""

import numpy as np
import pytest
import torch

from engine.protocol.presets import build_config
from engine.worker.algorithms import build_model
from engine.worker.barrier import begin_anew, close_episodes
from engine.worker.environments import make_training_env


def test_generators_and_environments_begin_anew_whatever_came_before() -> None:
    config = build_config("cartpole_balance", overrides=["num_envs=2", "num_workers=1"])
    env = make_training_env(config)
    model = build_model(config, env, device="cpu")
    env.training = False  # statistics of observations are part of the checkpoint, not of the barrier

    def after_barrier(step: int) -> list[np.ndarray]:
        begin_anew(model, env, seed=1, step=step)
        assert isinstance(model._last_obs, np.ndarray)
        return [np.random.rand(3), torch.rand(3).numpy(), model._last_obs.copy(), model.action_space.sample()]

    first = after_barrier(100)
    env.step(np.ones((2, 1), dtype=np.float32))
    np.random.rand(5)
    again, other = after_barrier(100), after_barrier(200)
    for index in range(4):
        np.testing.assert_array_equal(first[index], again[index])
        assert not np.array_equal(first[index], other[index])
    env.close()


@pytest.mark.parametrize("num_steps", [3, 8, 11])  # the buffer holds 8 rows
def test_the_newest_transitions_are_truncated_and_bootstrapped(num_steps: int) -> None:
    config = build_config("cartpole_balance", algorithm="sac", preset="sb3", overrides=["num_envs=2", "buffer_size=16"])
    env = make_training_env(config)
    model = build_model(config, env, device="cpu")
    buffer = model.replay_buffer  # type: ignore[attr-defined]
    done = np.array([False, False])
    for _ in range(num_steps):
        buffer.add(np.zeros((2, 4)), np.zeros((2, 4)), np.zeros((2, 1)), np.zeros(2), done, [{}, {}])
    close_episodes(model)
    newest = (num_steps - 1) % 8
    assert buffer.dones[newest].tolist() == buffer.timeouts[newest].tolist() == [1.0, 1.0]
    others = np.delete(np.arange(min(num_steps, 8)), newest)
    assert not buffer.dones[others].any()
    env.close()


def test_nothing_is_truncated_in_an_empty_buffer() -> None:
    config = build_config("cartpole_balance", algorithm="sac", preset="sb3", overrides=["num_envs=2", "num_workers=1"])
    env = make_training_env(config)
    model = build_model(config, env, device="cpu")
    close_episodes(model)
    assert not model.replay_buffer.dones.any()  # type: ignore[attr-defined]
    env.close()
