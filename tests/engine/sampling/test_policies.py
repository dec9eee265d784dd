"""NumPy policies act as Stable-Baselines3's do."""

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import nn

from engine.sampling.exploration import Explorer
from engine.sampling.policies import Noise, NumpyPolicy, PolicyLayout
from engine.worker.rollouts import copy_actor, policy_layout

OBSERVATION_SIZE, ACTION_SIZE = 5, 3


def stock_policy(*, use_sde: bool = False, **policy_kwargs: Any) -> ActorCriticPolicy:
    torch.manual_seed(0)
    box = spaces.Box(-10.0, 10.0, (OBSERVATION_SIZE,), np.float32)
    actions = spaces.Box(-1.0, 1.0, (ACTION_SIZE,), np.float32)
    return ActorCriticPolicy(box, actions, lambda _: 1e-3, use_sde=use_sde, ortho_init=False, **policy_kwargs)


def numpy_policy(policy: ActorCriticPolicy, *, num_envs: int) -> NumpyPolicy:
    layout = policy_layout(policy)
    vector = np.zeros(layout.num_weights, dtype=np.float32)
    copy_actor(policy, layout.views(vector))
    return NumpyPolicy(layout, vector, num_envs=num_envs)


def explorer_of(policy: NumpyPolicy, *, num_envs: int = 4, first_env_index: int = 0) -> Explorer:
    explorer = Explorer(policy, num_envs=num_envs, first_env_index=first_env_index)
    explorer.reseed(7)
    return explorer


def observations(num_envs: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((num_envs, OBSERVATION_SIZE)).astype(np.float32)


@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU, nn.ELU])
@pytest.mark.parametrize("net_arch", [[16, 8], [7], [], {"pi": [9], "vf": [4, 4]}])
def test_mean_actions_are_stock_ones(activation: type[nn.Module], net_arch: Any) -> None:
    policy = stock_policy(net_arch=net_arch, activation_fn=activation)
    seen = observations(11)
    expected, _ = policy.predict(seen, deterministic=True)
    means = numpy_policy(policy, num_envs=11).mean_actions(seen)
    np.testing.assert_allclose(np.clip(means, -1.0, 1.0), expected, atol=1e-6)


def test_an_observation_gives_the_same_bits_in_any_batch() -> None:
    policy = stock_policy(net_arch=[64, 64])
    seen = observations(13)
    together = numpy_policy(policy, num_envs=13).mean_actions(seen)
    for row in range(13):
        alone = numpy_policy(policy, num_envs=1).mean_actions(seen[row : row + 1])
        np.testing.assert_array_equal(alone[0], together[row])


def test_weights_are_read_anew() -> None:
    policy = stock_policy()
    ours = numpy_policy(policy, num_envs=2)
    before = ours.mean_actions(observations(2)).copy()
    ours._weights["mean_bias"] += 1.0
    np.testing.assert_allclose(ours.mean_actions(observations(2)), before + 1.0, rtol=1e-5)


def test_gaussian_noise_has_the_policy_s_spread() -> None:
    policy = stock_policy(log_std_init=-1.0)
    ours = numpy_policy(policy, num_envs=4)
    explorer = explorer_of(ours)
    means = ours.mean_actions(observations(4)).copy()
    explorer.begin(5000, sde_sample_freq=-1)
    noise = np.stack([explorer.explore(means, step) for step in range(5000)]) - means
    np.testing.assert_allclose(noise.mean(axis=0), 0.0, atol=0.03)
    np.testing.assert_allclose(noise.std(axis=0), np.exp(-1.0), rtol=0.05)


def test_gsde_noise_is_features_times_a_matrix_that_stays() -> None:
    policy = stock_policy(use_sde=True, net_arch=[8], log_std_init=-0.5)
    ours = numpy_policy(policy, num_envs=4)
    explorer = explorer_of(ours)
    means = ours.mean_actions(observations(4)).copy()
    explorer.begin(8, sde_sample_freq=4)
    noise = [explorer.explore(means, step) - means for step in range(8)]
    assert all(np.array_equal(noise[0], each) for each in noise[:4])
    assert not np.allclose(noise[0], noise[4])
    explorer.begin(8, sde_sample_freq=-1)
    once = [explorer.explore(means, step) - means for step in range(8)]
    assert all(np.array_equal(once[0], each) for each in once)


def test_gsde_noise_has_the_variance_that_stock_ascribes_to_it() -> None:
    policy = stock_policy(use_sde=True, net_arch=[8], log_std_init=-0.5)
    ours = numpy_policy(policy, num_envs=4)
    seen = observations(4)
    distribution: Any = policy.get_distribution(torch.as_tensor(seen)).distribution
    expected = distribution.variance.detach().numpy()
    explorer = explorer_of(ours)
    means = ours.mean_actions(seen).copy()
    explorer.begin(4000, sde_sample_freq=1)
    noise = np.stack([explorer.explore(means, step) for step in range(4000)]) - means
    np.testing.assert_allclose(noise.var(axis=0), expected, rtol=0.15)


@pytest.mark.parametrize("use_sde", [False, True])
def test_noise_belongs_to_the_environment_not_to_the_batch(use_sde: bool) -> None:
    policy = stock_policy(use_sde=use_sde, net_arch=[8])
    seen = observations(4)

    def explored(first: int, count: int) -> np.ndarray:
        ours = numpy_policy(policy, num_envs=count)
        explorer = explorer_of(ours, num_envs=count, first_env_index=first)
        explorer.begin(3, sde_sample_freq=2)
        rows = seen[first : first + count]
        return np.stack([explorer.explore(ours.mean_actions(rows), step) for step in range(3)])

    together = explored(0, 4)
    apart = np.concatenate([explored(0, 1), explored(1, 3)], axis=1)
    np.testing.assert_array_equal(together, apart)


def test_squashed_and_deterministic_actions() -> None:
    layout = PolicyLayout(
        observation_size=OBSERVATION_SIZE,
        action_size=ACTION_SIZE,
        hidden=(6,),
        activation="elu",
        noise=Noise.SQUASHED,
        is_squashed=True,
    )
    vector = np.random.default_rng(1).standard_normal(layout.num_weights).astype(np.float32) * np.float32(0.3)
    policy = NumpyPolicy(layout, vector, num_envs=2)
    means = policy.mean_actions(observations(2)).copy()
    weights = layout.views(vector)
    log_std = policy.features @ weights["log_std_weight"].T + weights["log_std_bias"]
    np.testing.assert_allclose(policy.log_std, np.clip(log_std, -20.0, 2.0), rtol=1e-5)
    explorer = explorer_of(policy, num_envs=2)
    explorer.begin(4, sde_sample_freq=-1)
    assert np.abs(explorer.explore(means, 0)).max() < 1.0
    plain = PolicyLayout(
        observation_size=OBSERVATION_SIZE,
        action_size=ACTION_SIZE,
        hidden=(6,),
        activation="elu",
        noise=Noise.NONE,
        is_squashed=True,
    )
    quiet = NumpyPolicy(plain, vector[: plain.num_weights], num_envs=2)
    explorer = explorer_of(quiet, num_envs=2)
    explorer.begin(4, sde_sample_freq=-1)
    np.testing.assert_array_equal(explorer.explore(quiet.mean_actions(observations(2)), 0), np.tanh(means))
