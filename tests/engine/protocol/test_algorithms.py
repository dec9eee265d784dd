"""Our hyper-parameters are Stable-Baselines3's: same names, same defaults, nothing forgotten."""

import inspect
from typing import Any

import msgspec
import pytest
import sb3_contrib
import stable_baselines3

from engine.protocol.algorithms import ALGORITHMS, LIVE_KEYS, ON_POLICY, PolicyKwargs, algorithm_name

CLASSES = {
    "ppo": stable_baselines3.PPO,
    "a2c": stable_baselines3.A2C,
    "sac": stable_baselines3.SAC,
    "td3": stable_baselines3.TD3,
    "tqc": sb3_contrib.TQC,
    "crossq": sb3_contrib.CrossQ,
}
SET_BY_THE_ENGINE = {
    "self", "policy", "env", "seed", "device", "verbose", "tensorboard_log", "stats_window_size", "_init_setup_model",
}  # fmt: skip
NOT_OFFERED = {
    "rollout_buffer_class", "rollout_buffer_kwargs",  # code, not data
    "replay_buffer_class", "replay_buffer_kwargs", "optimize_memory_usage",  # the buffer that the engine can save
    "action_noise",  # an object; action_noise_std makes it
}  # fmt: skip
OURS = {"action_noise_std", "her"}
OTHER_DEFAULT = {"policy_kwargs": (PolicyKwargs(), None)}
"""Ours and Stable-Baselines3's; both mean the default network."""


def defaults_of_ours(name: str) -> dict[str, Any]:
    return {field.name: field.default for field in msgspec.structs.fields(ALGORITHMS[name])}


def defaults_of_theirs(name: str) -> dict[str, Any]:
    return {key: value.default for key, value in inspect.signature(CLASSES[name].__init__).parameters.items()}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_names_are_those_of_the_constructor(name: str) -> None:
    assert set(defaults_of_ours(name)) - OURS == set(defaults_of_theirs(name)) - SET_BY_THE_ENGINE - NOT_OFFERED


@pytest.mark.parametrize("name", ALGORITHMS)
def test_defaults_are_those_of_the_constructor(name: str) -> None:
    ours, theirs = defaults_of_ours(name), defaults_of_theirs(name)
    different = {key: (ours[key], theirs[key]) for key in ours.keys() & theirs.keys() if ours[key] != theirs[key]}
    assert different == OTHER_DEFAULT


@pytest.mark.parametrize("name", ALGORITHMS)
def test_algorithm_knows_its_short_name(name: str) -> None:
    assert algorithm_name(ALGORITHMS[name]()) == name


@pytest.mark.parametrize("name", ALGORITHMS)
def test_live_keys_are_hyperparameters(name: str) -> None:
    assert set(LIVE_KEYS[name]) <= set(defaults_of_ours(name))


def test_live_keys_cover_every_algorithm() -> None:
    assert LIVE_KEYS.keys() == ALGORITHMS.keys()


@pytest.mark.parametrize("name", ALGORITHMS)
def test_on_policy_is_what_has_no_replay_buffer(name: str) -> None:
    assert (name in ON_POLICY) == ("buffer_size" not in defaults_of_ours(name))
