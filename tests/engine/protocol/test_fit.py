"""What Stable-Baselines3 cannot learn is refused in a sentence."""

from typing import Any

import pytest

from engine.protocol.algorithms import ALGORITHMS
from engine.protocol.config import RunConfig, parse_config
from engine.protocol.errors import ConfigError
from engine.protocol.fit import check_fit

HER = {"n_sampled_goal": 4}


def config_with(**algorithm: Any) -> RunConfig:
    return parse_config({"task": "gym:Thing-v0", "algorithm": algorithm, "num_envs": 2}, source="test")


@pytest.mark.parametrize("name", ["sac", "td3", "tqc", "crossq"])
def test_choices_are_for_on_policy_algorithms(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"algorithm\.name: {name} acts with numbers, .* use ppo or a2c"):
        check_fit(config_with(name=name), has_goals=False, max_episode_steps=10, has_choices=True)


@pytest.mark.parametrize("name", ["ppo", "a2c"])
def test_gsde_is_for_numbers(name: str) -> None:
    check_fit(config_with(name=name), has_goals=False, max_episode_steps=10, has_choices=True)
    with pytest.raises(ConfigError, match=r"algorithm\.use_sde: gSDE is noise on numbers"):
        check_fit(config_with(name=name, use_sde=True), has_goals=False, max_episode_steps=10, has_choices=True)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_algorithm_learns_with_numbers(name: str) -> None:
    check_fit(config_with(name=name), has_goals=False, max_episode_steps=None, has_choices=False)


@pytest.mark.parametrize(
    ("algorithm", "message"),
    [
        ({"learning_starts": 19}, "learning_starts: expected at least 20 with hindsight replay: .* got 19"),
        ({"her": None, "n_steps": 3}, "n_steps: n-step returns do not go with goals"),
        ({"name": "crossq"}, "name: CrossQ of sb3-contrib takes no goals"),
    ],
)
def test_what_does_not_go_with_goals_is_refused(algorithm: dict[str, Any], message: str) -> None:
    config = config_with(**{"name": "sac", "her": HER, **algorithm})
    with pytest.raises(ConfigError, match=message):
        check_fit(config, has_goals=True, max_episode_steps=10, has_choices=False)


def test_hindsight_needs_goals_and_a_time_limit() -> None:
    config = config_with(name="sac", her=HER, learning_starts=20)
    check_fit(config, has_goals=True, max_episode_steps=10, has_choices=False)
    with pytest.raises(ConfigError, match=r"algorithm\.her: gym:Thing-v0 has no goals"):
        check_fit(config, has_goals=False, max_episode_steps=10, has_choices=False)
    with pytest.raises(ConfigError, match=r"algorithm\.her: gym:Thing-v0 has no time limit"):
        check_fit(config, has_goals=True, max_episode_steps=None, has_choices=False)
