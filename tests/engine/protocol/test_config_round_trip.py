"""What to_yaml writes, parse_config reads back as an equal value."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.protocol.algorithms import ALGORITHMS, PPO, SAC, TD3, Linear, NetArch, PolicyKwargs
from engine.protocol.config import RunConfig, parse_config, to_yaml
from engine.protocol.yaml_loader import parse_yaml

positive = st.floats(min_value=1e-12, max_value=1e12)
schedules = positive | st.builds(Linear, start=positive, end=positive)
widths = st.lists(st.integers(1, 512), max_size=3)
policies = st.builds(
    PolicyKwargs,
    net_arch=st.none() | widths | st.builds(NetArch, pi=widths, vf=st.none() | widths),
    activation_fn=st.sampled_from([None, "tanh", "relu", "elu"]),
)
algorithms: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        PPO, learning_rate=schedules, clip_range=schedules, target_kl=st.none() | positive, policy_kwargs=policies
    ),
    st.builds(SAC, learning_rate=schedules, ent_coef=st.just("auto") | positive, policy_kwargs=policies),
    st.builds(TD3, buffer_size=st.integers(1, 10**12), action_noise_std=positive),
)
configs = st.builds(
    RunConfig,
    task=st.text(min_size=1)
    | st.sampled_from(["1e6", "no", "1:30", "0o7", "null", "${HOME}", "true", "~", "2026-01-01"]),
    algorithm=algorithms,
    total_timesteps=st.integers(1, 10**12),
    seed=st.integers(0, 2**32 - 1),
)


def read_back(config: RunConfig) -> RunConfig:
    return parse_config(parse_yaml(to_yaml(config), source="config.yaml"), source="config.yaml")


@pytest.mark.parametrize("name", ALGORITHMS)
def test_defaults_of_every_algorithm_come_back(name: str) -> None:
    config = RunConfig(task="a", algorithm=ALGORITHMS[name](), num_envs=64)
    assert read_back(config) == config


@given(configs)
@settings(max_examples=60)
def test_any_valid_configuration_comes_back(config: RunConfig) -> None:
    assert read_back(config) == config
