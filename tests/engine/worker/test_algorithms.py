"""Every algorithm is built from its settings, learns for a moment and comes back from its checkpoint the same."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from stable_baselines3.common.utils import LinearSchedule

from engine.protocol.algorithms import ALGORITHMS, LIVE_KEYS
from engine.protocol.checkpoints import find_checkpoint
from engine.protocol.config import RunConfig
from engine.protocol.presets import build_config
from engine.protocol.provenance import collect_provenance
from engine.protocol.run_dir import create_run
from engine.worker.algorithms import CLASSES, build_model
from engine.worker.checkpointing import Saver
from engine.worker.environments import make_training_env
from engine.worker.live import set_live
from engine.worker.policy import load_policy
from engine.worker.trainer_state import capture


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Two threads that wait for each other are slower than one on a busy machine."""
    torch.set_num_threads(1)


def config_for(algorithm: str, *overrides: str) -> RunConfig:
    short = ["n_steps=8", "batch_size=16"] if algorithm == "ppo" else []
    return build_config(
        "cartpole_balance", algorithm=algorithm, preset="sb3", overrides=["num_envs=2", *short, *overrides]
    )


def test_every_algorithm_of_the_protocol_has_its_class() -> None:
    assert set(CLASSES) == set(ALGORITHMS)
    assert [name for name, found in CLASSES.items() if found.__name__.removeprefix("Fast").lower() != name] == []


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_checkpoint_acts_as_the_model_that_it_was_made_from(algorithm: str, tmp_path: Path) -> None:
    config = config_for(algorithm, "normalization.observations=true")
    env = make_training_env(config)
    model = build_model(config, env, device="cpu")
    model.learn(16 if algorithm in ("ppo", "a2c") else 120)
    run = create_run(tmp_path, config, collect_provenance(["test"]))
    Saver(run, config, model, env).save("command", capture(model, total_timesteps=1, num_threads=1))

    observations = np.linspace(-0.2, 0.2, 12, dtype=np.float32).reshape(3, 4)
    expected, _ = model.predict(env.normalize_obs(observations), deterministic=True)  # type: ignore[arg-type]
    policy = load_policy(find_checkpoint(run.checkpoints, "latest"))
    np.testing.assert_allclose(policy.act(observations), expected, atol=1e-6)
    env.close()


def test_the_same_policy_is_not_saved_twice(tmp_path: Path) -> None:
    config = config_for("ppo")
    env = make_training_env(config)
    run = create_run(tmp_path, config, collect_provenance(["test"]))
    model = build_model(config, env, device="cpu")
    saver, state = Saver(run, config, model, env), capture(model, total_timesteps=1, num_threads=1)
    assert saver.save("command", state) is not None
    assert saver.save("last", state) is None
    assert saver.save("periodic", state, is_barrier=True) is not None
    env.close()


def test_network_settings_reach_the_network() -> None:
    config = config_for(
        "ppo",
        "policy_kwargs.net_arch={pi: [8], vf: [16]}",
        "policy_kwargs.activation_fn=elu",
        "policy_kwargs.log_std_init=-1",
    )
    env = make_training_env(config)
    policy: Any = build_model(config, env, device="cpu").policy
    shapes = {name: tuple(tensor.shape) for name, tensor in policy.named_parameters()}
    assert shapes["mlp_extractor.policy_net.0.weight"] == (8, 4)
    assert shapes["mlp_extractor.value_net.0.weight"] == (16, 4)
    assert isinstance(policy.mlp_extractor.policy_net[1], torch.nn.ELU)
    assert dict(policy.named_parameters())["log_std"].tolist() == [-1.0]
    env.close()


def test_a_linear_schedule_is_half_way_at_half_the_training() -> None:
    config = config_for("ppo", "learning_rate={start: 2e-3, end: 1e-3}", "clip_range={start: 0.4}")
    env = make_training_env(config)
    model = build_model(config, env, device="cpu")
    assert isinstance(model.learning_rate, LinearSchedule)
    assert model.lr_schedule(0.5) == pytest.approx(1.5e-3)
    assert model.clip_range(0.5) == pytest.approx(0.2)  # type: ignore[attr-defined]
    env.close()


def test_action_noise_has_the_standard_deviation_that_was_asked_for() -> None:
    config = config_for("td3", "action_noise_std=0.3")
    env = make_training_env(config)
    model = build_model(config, env, device="cpu")
    np.testing.assert_array_equal(model.action_noise._sigma, [0.3])  # type: ignore[attr-defined]
    env.close()


@pytest.mark.parametrize(("algorithm", "key"), [(name, key) for name, keys in LIVE_KEYS.items() for key in keys])
def test_every_live_key_can_be_set(algorithm: str, key: str) -> None:
    config = config_for(algorithm)
    env = make_training_env(config)
    model = build_model(config, env, device="cpu")
    value = 2.0 if key in ("n_epochs", "gradient_steps") else 0.25
    assert set_live(model, config, key, value).startswith(key)
    if key == "learning_rate":
        assert model.lr_schedule(0.1) == 0.25
    elif key == "clip_range":
        assert model.clip_range(0.1) == 0.25  # type: ignore[attr-defined]
    else:
        assert getattr(model, key) == value
    env.close()


@pytest.mark.parametrize(("key", "value"), [("gamma", 0.5), ("n_epochs", 2.5), ("clip_range", -1.0)])
def test_a_key_or_value_that_cannot_be_set_is_refused(key: str, value: float) -> None:
    config = config_for("ppo")
    env = make_training_env(config)
    with pytest.raises(ValueError, match=key):
        set_live(build_model(config, env, device="cpu"), config, key, value)
    env.close()


def test_two_models_of_one_seed_have_the_same_weights() -> None:
    config = config_for("ppo")
    weights = []
    for _ in range(2):
        env = make_training_env(config)
        model = build_model(config, env, device="cpu")
        model.learn(16)
        weights.append(torch.cat([tensor.flatten() for tensor in model.policy.parameters()]))
        env.close()
    assert torch.equal(weights[0], weights[1])


def test_config_round_trip_keeps_the_algorithm() -> None:
    config = config_for("tqc", "top_quantiles_to_drop_per_net=3")
    assert msgspec.convert(msgspec.to_builtins(config), RunConfig) == config
