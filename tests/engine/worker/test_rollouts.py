"""A rollout that is sampled in one go holds what Stable-Baselines3 would have put there, step by step."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecNormalize

from engine.protocol.config import RunConfig
from engine.protocol.presets import build_config
from engine.sampling.rollout import normalized
from engine.worker.algorithms import build_model
from engine.worker.environments import RobotVecEnv, make_training_env
from engine.worker.rollouts import SampledRollouts, fill_advantages

NUM_STEPS, NUM_ENVS = 96, 3


def config_of(*overrides: str, task: str = "hopper_hop") -> RunConfig:
    short = [f"num_envs={NUM_ENVS}", f"n_steps={NUM_STEPS}", "num_workers=1", "batch_size=96"]
    return build_config(task, algorithm="ppo", preset="sb3", overrides=[*short, *overrides])


class Nothing(BaseCallback):
    def _on_step(self) -> bool:
        return True


class Trained:
    """A model that has sampled its first rollout."""

    def __init__(self, *overrides: str, task: str = "hopper_hop") -> None:
        self.env: Any = make_training_env(config_of(*overrides, task=task), Path())
        self.model: Any = build_model(config_of(*overrides, task=task), self.env, device="cpu")
        self.callback = Nothing()
        self.callback.init_callback(self.model)
        _, self.callback = self.model._setup_learn(10_000, self.callback)
        self.first = self.env.get_original_obs().copy()
        self.statistics = self.env.obs_rms.copy()
        self.rewards_statistics = self.env.ret_rms.copy()
        assert self.collect()

    def collect(self) -> bool:
        return self.model.collect_rollouts(self.env, self.callback, self.model.rollout_buffer, NUM_STEPS)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return self.model._collector._arrays


@pytest.fixture(params=[(), ("use_sde=true", "policy_kwargs.net_arch=[32]")], ids=["gaussian", "gsde"])
def trained(request: pytest.FixtureRequest) -> Iterator[Trained]:
    trained = Trained(*request.param)
    yield trained
    trained.env.close()


def test_observations_are_normalised_with_the_statistics_from_before(trained: Trained) -> None:
    raw, seen = trained.arrays["observations"], trained.model.rollout_buffer.observations
    np.testing.assert_array_equal(raw[0], trained.first)
    for step in (0, 50, NUM_STEPS - 1):
        with_old = VecNormalize._normalize_obs(trained.env, raw[step], trained.statistics).astype(np.float32)
        np.testing.assert_array_equal(seen[step], with_old)


def test_statistics_take_the_rollout_in_at_its_end(trained: Trained) -> None:
    raw = trained.arrays["observations"]
    expected = trained.statistics
    expected.update(raw[1:].reshape(-1, raw.shape[-1]))
    np.testing.assert_allclose(trained.env.obs_rms.mean, expected.mean, rtol=1e-9)
    np.testing.assert_allclose(trained.env.obs_rms.var, expected.var, rtol=1e-9)
    assert trained.env.obs_rms.count == pytest.approx(NUM_STEPS * NUM_ENVS + NUM_ENVS, rel=1e-3)


def test_rewards_are_those_of_vec_normalize_step_by_step(trained: Trained) -> None:
    arrays, env, model = trained.arrays, trained.env, trained.model
    statistics: RunningMeanStd = trained.rewards_statistics
    returns = np.zeros(NUM_ENVS)
    cut = arrays["truncated"] & ~arrays["terminated"]
    for step in range(NUM_STEPS):
        returns = returns * model.gamma + arrays["rewards"][step]
        statistics.update(returns)
        expected = np.clip(arrays["rewards"][step] / np.sqrt(statistics.var + env.epsilon), -10.0, 10.0)
        rows = ~cut[step]
        np.testing.assert_allclose(model.rollout_buffer.rewards[step][rows], expected[rows], rtol=1e-6)
        returns[arrays["terminated"][step] | arrays["truncated"][step]] = 0.0


def test_values_and_log_probs_are_the_policy_s(trained: Trained) -> None:
    buffer, policy = trained.model.rollout_buffer, trained.model.policy
    for step in (0, 40, NUM_STEPS - 1):
        with torch.no_grad():
            observations, actions = (torch.as_tensor(array[step]) for array in (buffer.observations, buffer.actions))
            values, log_probs, _ = policy.evaluate_actions(observations, actions)
        np.testing.assert_allclose(buffer.values[step], values.numpy()[:, 0], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(buffer.log_probs[step], log_probs.numpy(), rtol=1e-4, atol=1e-4)


def test_episodes_begin_where_the_ones_before_ended(trained: Trained) -> None:
    arrays, buffer = trained.arrays, trained.model.rollout_buffer
    done = arrays["terminated"] | arrays["truncated"]
    assert done.any()
    np.testing.assert_array_equal(buffer.episode_starts[0], 1.0)
    np.testing.assert_array_equal(buffer.episode_starts[1:], done[:-1])
    last = arrays["observations"][-1].copy()
    assert trained.collect()
    np.testing.assert_array_equal(buffer.episode_starts[0], done[-1])
    np.testing.assert_array_equal(trained.arrays["observations"][0], last)


def test_a_time_limit_is_bootstrapped_with_the_value_of_the_last_observation() -> None:
    trained = Trained("normalization.rewards=false", task="reacher_reach")  # 150 steps, cut at the limit
    assert trained.collect()
    arrays, buffer, model = trained.arrays, trained.model.rollout_buffer, trained.model
    cut = arrays["truncated"] & ~arrays["terminated"]
    assert cut.sum() == NUM_ENVS
    np.testing.assert_array_equal(buffer.rewards[~cut], arrays["rewards"][~cut])
    mean, std = arrays["observation_mean"], arrays["observation_std"]
    last = torch.as_tensor(normalized(arrays["final_observations"][cut], mean, std, clip=10.0))
    value = model.policy.predict_values(last).detach().numpy()[:, 0]
    np.testing.assert_allclose(buffer.rewards[cut], arrays["rewards"][cut] + model.gamma * value, rtol=1e-5)
    trained.env.close()


@pytest.mark.parametrize("num_steps", [1, 2, 5, 64, 100])
@pytest.mark.parametrize("gae_lambda", [0.95, 1.0])
def test_advantages_are_stable_baselines3_s(num_steps: int, gae_lambda: float) -> None:
    rng = np.random.default_rng(num_steps)
    box = spaces.Box(-1.0, 1.0, (1,), np.float32)
    ours, stock = (RolloutBuffer(num_steps, box, box, "cpu", gae_lambda, 0.99, NUM_ENVS) for _ in range(2))
    values = rng.standard_normal((num_steps + 1, NUM_ENVS)).astype(np.float32)
    done = rng.random((num_steps, NUM_ENVS)) < 0.1
    rewards = rng.standard_normal((num_steps, NUM_ENVS)).astype(np.float32)
    for buffer in (ours, stock):
        buffer.rewards[:], buffer.values[:], buffer.episode_starts[1:] = rewards, values[:-1], done[:-1]
    stock.compute_returns_and_advantage(torch.as_tensor(values[-1]), done[-1])
    fill_advantages(ours, values, done)
    np.testing.assert_allclose(ours.advantages, stock.advantages, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ours.returns, stock.returns, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("overrides", "task", "reason"),
    [
        (["normalization.exact_normalization=true"], "hopper_hop", "exact_normalization"),
        (["normalization.observations=false", "normalization.exact_normalization=true"], "hopper_hop", ""),
        ([], "gym:CartPole-v1", "actions are Discrete, not one vector"),
        ([], "gym:Pendulum-v1", ""),
        ([], "hopper_hop", ""),
    ],
)
def test_what_cannot_be_sampled_in_one_go_says_why(overrides: list[str], task: str, reason: str) -> None:
    config = config_of(*overrides, task=task)
    env = make_training_env(config)
    model = build_model(config, env, device="cpu")
    assert isinstance(model, SampledRollouts)
    assert reason in model.why_step_by_step()
    assert bool(model.why_step_by_step()) == bool(reason)
    env.close()


def test_exact_statistics_are_stock_ones() -> None:
    """With them, a rollout is Stable-Baselines3's own, bit by bit, but for who steps the environments."""
    config = config_of("normalization.exact_normalization=true")
    found = []
    for collect in (SampledRollouts.collect_rollouts, OnPolicyAlgorithm.collect_rollouts):
        env: Any = make_training_env(config)
        model: Any = build_model(config, env, device="cpu")
        callback = Nothing()
        callback.init_callback(model)
        _, callback = model._setup_learn(10_000, callback)
        assert collect(model, env, callback, model.rollout_buffer, NUM_STEPS)
        buffer = model.rollout_buffer
        found.append([buffer.observations, buffer.actions, buffer.rewards, buffer.advantages, env.obs_rms.mean])
        env.close()
    for ours, stock in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, stock)


def test_efficiency_is_the_engine_s_part_of_the_time(trained: Trained) -> None:
    values = trained.model.logger.name_to_value
    assert 0.0 < values["sampling/efficiency"] < 1.0
    assert values["sampling/steps_per_second"] > 0.0


def test_what_is_simulated_and_acted_is_not_waited_for(trained: Trained) -> None:
    robots = trained.env.venv
    assert isinstance(robots, RobotVecEnv)
    seconds = robots.phases.take()
    assert seconds["simulate"] > seconds["act"] > 0.0
    assert seconds["wait"] < 0.2 * seconds["simulate"]
    assert seconds["normalize"] > 0.0
