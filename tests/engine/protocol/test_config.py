"""A configuration is checked before anything starts, and a mistake is answered with the way out of it."""

from typing import Any

import pytest

from engine.protocol.algorithms import A2C, PPO, SAC, Linear
from engine.protocol.config import (
    RunConfig,
    apply_overrides,
    parse_config,
    timesteps_per_update,
)
from engine.protocol.errors import ConfigError


def parse(**keys: Any) -> RunConfig:
    return parse_config({"task": "cartpole_balance", **keys}, source="a.yaml")


def message_for(**keys: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(**keys)
    return str(caught.value)


def test_task_alone_is_a_whole_configuration() -> None:
    assert parse() == RunConfig(task="cartpole_balance", algorithm=PPO())


def test_missing_task_is_named() -> None:
    with pytest.raises(ConfigError, match=r"a\.yaml: task: missing"):
        parse_config({"seed": 1}, source="a.yaml")


def test_algorithm_may_be_its_name_alone() -> None:
    assert parse(algorithm="sac").algorithm == SAC()


def test_algorithm_without_a_name_is_the_default_one() -> None:
    assert parse(algorithm={"n_steps": 128}).algorithm == PPO(n_steps=128)


def test_linear_schedule_is_read() -> None:
    schedule = parse(algorithm={"name": "ppo", "learning_rate": {"start": 3e-4}}).algorithm.learning_rate
    assert schedule == Linear(start=3e-4, end=0.0)


@pytest.mark.parametrize(
    ("keys", "key", "nearest"),
    [
        ({"totl_timesteps": 1}, "totl_timesteps", "total_timesteps"),
        ({"algorithm": {"name": "ppo", "lr": 1e-3}}, "algorithm.lr", "learning_rate"),
        ({"algorithm": {"name": "sac", "bufer_size": 9}}, "algorithm.bufer_size", "buffer_size"),
        ({"evaluation": {"episode": 3}}, "evaluation.episode", "episodes"),
        (
            {"algorithm": {"name": "ppo", "policy_kwargs": {"net_arc": [64]}}},
            "algorithm.policy_kwargs.net_arc",
            "net_arch",
        ),
        (
            {"algorithm": {"name": "ppo", "learning_rate": {"start": 1e-3, "ende": 0}}},
            "algorithm.learning_rate.ende",
            "end",
        ),
    ],
)
def test_unknown_key_gets_the_nearest_known_one_at_every_depth(keys: dict[str, Any], key: str, nearest: str) -> None:
    assert message_for(**keys).startswith(f"a.yaml: {key}: unknown key; did you mean {nearest!r}?")


def test_key_of_another_algorithm_is_unknown() -> None:
    assert message_for(algorithm={"name": "ppo", "buffer_size": 5}).startswith("a.yaml: algorithm.buffer_size: unknown")


def test_unknown_algorithm_gets_the_nearest_known_one() -> None:
    assert "algorithm.name: unknown algorithm 'pp0'; did you mean 'ppo'?" in message_for(algorithm="pp0")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"seed": "one"}, "a.yaml: seed: expected int, got 'one'."),
        ({"seed": True}, "a.yaml: seed: expected int, got True."),
        ({"num_envs": 1.5}, "a.yaml: num_envs: expected int, got 1.5."),
        ({"num_envs": 5000}, "a.yaml: num_envs: expected int <= 4096, got 5000."),
        ({"total_timesteps": 0}, "a.yaml: total_timesteps: expected int >= 1, got 0."),
        ({"device": "gpu"}, "a.yaml: device: expected auto, cpu, cuda or cuda:N, got 'gpu'."),
        ({"algorithm": {"name": "ppo", "gamma": 2}}, "a.yaml: algorithm.gamma: expected float <= 1.0, got 2."),
        ({"algorithm": {"name": "ppo", "learning_rate": float("nan")}}, "expected float > 0.0, got nan."),
        ({"algorithm": {"name": "sac", "ent_coef": "automatic"}}, "expected auto or a number, got 'automatic'."),
        (
            {"algorithm": {"name": "ppo", "policy_kwargs": {"activation_fn": "gelu"}}},
            "a.yaml: algorithm.policy_kwargs.activation_fn: expected tanh, relu, elu, got 'gelu'.",
        ),
        (
            {"algorithm": {"name": "ppo", "policy_kwargs": {"net_arch": [64, "wide"]}}},
            "a.yaml: algorithm.policy_kwargs.net_arch[1]: expected int, got 'wide'.",
        ),
        ({"algorithm": {"name": ["ppo"]}}, "a.yaml: algorithm.name: unknown algorithm"),
        ({"algorithm": 3}, "a.yaml: algorithm: expected a mapping, got 3."),
    ],
)
def test_wrong_value_is_shown_with_file_key_and_what_is_allowed(keys: dict[str, Any], message: str) -> None:
    assert message in message_for(**keys)


@pytest.mark.parametrize("schedule", [{"start": -1}, {"start": 1e-3, "end": -1}])
def test_schedule_that_becomes_negative_is_refused(schedule: dict[str, float]) -> None:
    assert "a.yaml: algorithm.learning_rate" in message_for(algorithm={"name": "ppo", "learning_rate": schedule})


def test_minibatch_larger_than_the_rollout_is_refused() -> None:
    message = message_for(num_envs=2, algorithm={"name": "ppo", "n_steps": 16, "batch_size": 33})
    assert "algorithm.batch_size: 33 is more than a whole rollout (n_steps * num_envs = 32)" in message


def test_minibatch_of_a_whole_rollout_is_allowed() -> None:
    assert parse(num_envs=2, algorithm={"name": "ppo", "n_steps": 16, "batch_size": 32})


def test_override_reaches_a_nested_key() -> None:
    assert apply_overrides({"task": "a"}, ["evaluation.episodes=3"]) == {"task": "a", "evaluation": {"episodes": 3}}


def test_override_of_a_hyperparameter_needs_no_prefix() -> None:
    changed = apply_overrides({"task": "a", "algorithm": "ppo"}, ["learning_rate=3e-4"])
    assert changed["algorithm"] == {"name": "ppo", "learning_rate": 0.0003}


def test_override_reaches_a_range_of_a_term() -> None:
    raw = apply_overrides({"task": "ant_walk"}, ["randomizations.ground_friction.range=[0.5,1.25]"])
    assert parse_config(raw, source="a.yaml").randomizations == {"ground_friction": {"range": [0.5, 1.25]}}


def test_null_reaches_a_term_that_shall_be_left_out() -> None:
    raw = apply_overrides({"task": "ant_walk"}, ["disturbances.push=null"])
    assert parse_config(raw, source="a.yaml").disturbances == {"push": None}


@pytest.mark.parametrize("group", ["randomizations", "disturbances", "curriculum"])
def test_terms_of_another_packages_task_are_refused(group: str) -> None:
    with pytest.raises(ConfigError, match=rf"^a\.yaml: {group}: another package simulates gym:Pendulum-v1"):
        parse_config({"task": "gym:Pendulum-v1", group: {"any": {}}}, source="a.yaml")


def test_override_leaves_the_other_keys() -> None:
    raw = {"task": "a", "algorithm": {"name": "ppo", "n_steps": 8}}
    assert apply_overrides(raw, ["gamma=0.9"])["algorithm"] == {"name": "ppo", "n_steps": 8, "gamma": 0.9}


def test_override_does_not_change_its_input() -> None:
    raw = {"task": "a", "algorithm": {"name": "ppo", "policy_kwargs": {"net_arch": [8]}}}
    apply_overrides(raw, ["algorithm.policy_kwargs.net_arch=[64]"])
    assert raw["algorithm"] == {"name": "ppo", "policy_kwargs": {"net_arch": [8]}}


def test_last_override_wins() -> None:
    assert apply_overrides({"task": "a"}, ["seed=1", "seed=2"])["seed"] == 2


def test_override_without_an_equals_sign_is_refused() -> None:
    with pytest.raises(ConfigError, match="--set: learning_rate: expected key=value"):
        apply_overrides({"task": "a"}, ["learning_rate"])


def test_override_of_an_unknown_key_gets_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError, match="--set: n_envs: unknown key; did you mean 'num_envs'"):
        apply_overrides({"task": "a"}, ["n_envs=4"])


def test_on_policy_update_follows_a_rollout_of_all_environments() -> None:
    assert timesteps_per_update(RunConfig(task="a", algorithm=A2C(n_steps=5), num_envs=4)) == 20


def test_off_policy_update_follows_train_freq_steps_of_all_environments() -> None:
    assert timesteps_per_update(RunConfig(task="a", algorithm=SAC(train_freq=2), num_envs=4)) == 8
