"""Every setting is explained by its docstring, and values are written and mended as --set reads them."""

import pytest

from engine.protocol.algorithms import ALGORITHMS
from engine.protocol.config import apply_overrides, parse_config
from engine.protocol.presets import build_config
from rlrobo_tui.run_settings import Setting, differences, flow, nearest, settings_of, value_of
from robots.registry import find_task


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_setting_says_what_it_means_and_may_be(algorithm: str) -> None:
    found = settings_of(algorithm)
    assert found[0].key == "learning_rate"
    assert [each.key for each in found if not (each.meaning and each.allowed and each.default)] == []
    assert len({each.key for each in found}) == len(found)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_setting_s_default_can_be_set(algorithm: str) -> None:
    raw = {"task": "ant_walk", "algorithm": algorithm, "num_envs": 8}
    texts = [f"{each.key}={each.default}" for each in settings_of(algorithm) if each.default != "none"]
    assert parse_config(apply_overrides(raw, texts), source="test") == parse_config(raw, source="test")


def test_what_a_task_leaves_to_the_user_is_a_setting() -> None:
    found = {each.key: each for each in settings_of("ppo", find_task("a1_walk"))}
    assert "rough" in found["task_params.terrain"].choices


def setting(key: str) -> Setting:
    return next(each for each in settings_of("ppo") if each.key == key)


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("gamma", "1.5", "1"), ("gamma", "-1", "0"), ("num_envs", "0", "1"), ("num_envs", "9_000", "4096"),
        ("n_steps", "2.6", "3"), ("use_sde", "ture", "true"), ("learning_rate", "-1", "3e-4"), ("n_steps", "x", "3e-4"),
    ],
)  # fmt: skip
def test_the_nearest_value_is_allowed(key: str, text: str, expected: str) -> None:
    assert nearest(setting(key), text, instead="3e-4") == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-05, "1e-05"), (0.1 + 0.2, "0.30000000000000004"), (True, "true"), (None, "null"), ("relu", "relu"),
        ("a2c", "a2c"), ("true", '"true"'), ([64, 64], "[64, 64]"),
        ({"start": 0.001, "end": 0.0}, "{start: 0.001, end: 0}"),
    ],
)  # fmt: skip
def test_values_are_written_as_set_reads_them(value: object, text: str) -> None:
    assert flow(value) == text


def test_differences_lead_from_one_configuration_to_another() -> None:
    wanted, base = build_config("ant_walk"), build_config("ant_walk", preset="sb3")
    texts = [f"{key}={value}" for key, value in differences(wanted, base).items()]
    assert build_config("ant_walk", preset="sb3", overrides=texts) == wanted
    assert value_of(wanted, "policy_kwargs.net_arch") == wanted.algorithm.policy_kwargs.net_arch
    assert differences(base, base) == {}
