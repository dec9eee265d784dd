"""Updates as they are on a GPU are stock's, up to rounding, and so are checkpoints; here the device is the CPU.

All but the capture in CUDA graphs is the same code there; test_device_graph.py has what needs a GPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3 import A2C, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
from stable_baselines3.her.her_replay_buffer import HerReplayBuffer
from torch import nn

from engine.protocol.events import Warned
from engine.protocol.presets import build_config
from engine.worker import closed_form, device_actor_critic, device_off_policy, device_replay, training
from engine.worker.algorithms import build_model
from engine.worker.barrier import close_episodes
from engine.worker.device_actor_critic import DeviceActorCritic
from engine.worker.device_graph import Captured
from engine.worker.device_off_policy import GradientSteps
from engine.worker.environments import make_training_env
from engine.worker.fast_a2c import FastA2C
from engine.worker.fast_ppo import FastPPO
from engine.worker.fast_sac import FastSAC
from engine.worker.fast_td3 import FastTD3
from tests.engine.worker.drift import Choice, Drift, Goal, assert_same_log, difference, trained, weights
from tests.engine.worker.emulated_graph import EmulatedGraph

pytestmark = pytest.mark.filterwarnings("ignore:You have specified a mini-batch size:UserWarning")
FAST = {PPO: FastPPO, A2C: FastA2C, SAC: FastSAC, TD3: FastTD3}
SMALL = {"policy_kwargs": {"net_arch": [16, 16]}}
REPLAY = {"learning_starts": 40, "batch_size": 32, "buffer_size": 100, **SMALL}
SETTINGS: dict[str, tuple[type[BaseAlgorithm], dict[str, Any], int]] = {
    "ppo": (PPO, {"n_steps": 32, "batch_size": 24, "n_epochs": 2, "learning_rate": lambda left: 1e-3 * left}, 192),
    "ppo_zoo": (
        PPO,
        {
            "n_steps": 32,
            "batch_size": 64,
            "n_epochs": 2,
            "use_sde": True,
            "policy_kwargs": {"net_arch": [32], "activation_fn": nn.ReLU, "log_std_init": -2.0},
        },
        128,
    ),
    "ppo_clips_values": (
        PPO,
        {
            "n_steps": 32,
            "batch_size": 16,
            "n_epochs": 2,
            "clip_range_vf": 0.2,
            "ent_coef": 0.01,
            "normalize_advantage": False,
            "max_grad_norm": 0.05,
            "policy_kwargs": {"activation_fn": nn.SiLU, "optimizer_class": torch.optim.AdamW},
        },
        128,
    ),
    "ppo_stops_early": (PPO, {"n_steps": 32, "batch_size": 16, "n_epochs": 5, "target_kl": 1e-4}, 128),
    "a2c": (A2C, {"n_steps": 8, "ent_coef": 0.01}, 80),
    "a2c_adam": (A2C, {"n_steps": 8, "use_rms_prop": False, "normalize_advantage": True}, 80),
    "sac": (SAC, {**REPLAY}, 52),
    "sac_zoo": (
        SAC,
        {
            **REPLAY,
            "train_freq": 4,
            "gradient_steps": 6,
            "target_update_interval": 2,
            "use_sde": True,
            "ent_coef": 0.1,
            "policy_kwargs": {"log_std_init": -3, "net_arch": [16], "n_critics": 3},
        },
        64,
    ),
    "sac_n_steps": (SAC, {**REPLAY, "n_steps": 3}, 48),
    "td3": (TD3, {**REPLAY, "train_freq": 2, "gradient_steps": 3}, 60),
    "td3_wraps_around": (TD3, {**REPLAY, "policy_delay": 3, "buffer_size": 24}, 90),
}


@pytest.fixture(autouse=True)
def on_this_device(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The CPU is the device; one thread and no checks of distributions, as in an engine."""
    monkeypatch.setattr(closed_form, "DEVICES", frozenset({"cpu"}))
    monkeypatch.setattr(torch.distributions.Distribution, "_validate_args", False)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=SETTINGS)
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """Stock's model and ours after the same few updates."""
    kind, settings, num_timesteps = SETTINGS[request.param]
    return tuple(trained(make(each, **settings), num_timesteps=num_timesteps) for each in (kind, FAST[kind]))  # type: ignore[return-value]


def test_a_few_updates_are_those_of_stock(pair: tuple[Any, Any]) -> None:
    stock, fast = pair
    assert isinstance(fast._networks, DeviceActorCritic | GradientSteps)
    assert difference(fast, stock) <= 1e-5
    assert fast._n_updates == stock._n_updates
    assert_same_log(fast, stock)
    expected, found = stock.get_parameters(), fast.get_parameters()
    assert set(found) == set(expected)
    for name in expected:
        if "optimizer" in name:
            assert_same_optimizer(found[name], expected[name])


# Torch's RMSprop reads the learning rate from the host when it is on the CPU.
@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "a2c"])
def test_updates_that_are_recorded_and_replayed_are_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, settings, num_timesteps = SETTINGS[name]
    expected = trained(make(FAST[kind], **settings), num_timesteps=num_timesteps)
    for module in (device_actor_critic, device_off_policy):
        monkeypatch.setattr(module, "Captured", EmulatedGraph)
    monkeypatch.setattr(EmulatedGraph, "num_replays", 0)
    found = trained(make(FAST[kind], **settings), num_timesteps=num_timesteps)
    assert EmulatedGraph.num_replays > 0
    torch.testing.assert_close(weights(found), weights(expected), rtol=0, atol=0)
    assert_same_log(found, expected)


@pytest.mark.parametrize("name", ["ppo", "sac"])
def test_a_checkpoint_that_is_loaded_after_the_recording_counts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading puts the optimisers' state in other places than those that were recorded."""
    kind, settings, num_timesteps = SETTINGS[name]
    found = []
    for captured in (Captured, EmulatedGraph):
        for module in (device_actor_critic, device_off_policy):
            monkeypatch.setattr(module, "Captured", captured)
        model = trained(make(FAST[kind], **settings), num_timesteps=num_timesteps)
        saved = deepcopy(model.get_parameters())
        model = trained(model, num_timesteps=num_timesteps)
        model.set_parameters(saved)
        found.append(weights(trained(model, num_timesteps=num_timesteps)))
    torch.testing.assert_close(found[1], found[0], rtol=0, atol=0)


def assert_same_optimizer(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Settings are stock's, above all none of those that only a GPU knows."""
    assert [dict(group) for group in found["param_groups"]] == [dict(group) for group in expected["param_groups"]]
    assert set(found["state"]) == set(expected["state"])
    for key, state in expected["state"].items():
        assert set(found["state"][key]) == set(state)
        assert found["state"][key]["step"] == state["step"]
        for name, value in state.items():
            torch.testing.assert_close(found["state"][key][name], value, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["ppo_zoo", "sac", "td3"])
def test_each_loads_what_the_other_saved_and_goes_on_as_it_would(name: str, tmp_path: Path) -> None:
    kind, settings, num_timesteps = SETTINGS[name]
    for number, saving in enumerate((kind, FAST[kind])):
        model = trained(make(saving, **settings), num_timesteps=num_timesteps)
        path = tmp_path / f"{number}.zip"
        model.save(path)
        models = [each.load(path, env=env(), device="cpu") for each in (kind, FAST[kind])]
        for loaded in models:
            torch.testing.assert_close(weights(loaded), weights(model), rtol=0, atol=0)
        expected, found = (trained(loaded, num_timesteps=num_timesteps) for loaded in models)
        assert difference(found, expected) <= 1e-5


@pytest.mark.parametrize("kind", [SAC, TD3])
def test_observations_and_rewards_are_normalised_on_the_device(kind: Any) -> None:
    models = [
        each("MlpPolicy", VecNormalize(DummyVecEnv([Drift] * 2)), seed=1, device="cpu", **deepcopy(REPLAY))
        for each in (kind, FAST[kind])
    ]
    expected, found = (trained(model, num_timesteps=60) for model in models)
    assert found.notes() == {}
    assert difference(found, expected) <= 1e-5


@pytest.mark.parametrize("kind", [SAC, TD3])
def test_hindsight_stays_on_the_host_and_says_so(kind: Any) -> None:
    settings: dict[str, Any] = {**REPLAY, "replay_buffer_class": HerReplayBuffer, "learning_starts": 150}
    settings["buffer_size"] = 1000
    models = [
        each("MultiInputPolicy", VecNormalize(DummyVecEnv([Goal])), seed=1, device="cpu", **deepcopy(settings))
        for each in (kind, FAST[kind])
    ]
    expected, found = (trained(model, num_timesteps=154) for model in models)
    assert "HerReplayBuffer" in found.notes()["replay_on_host"]
    assert difference(found, expected) <= 1e-5


@pytest.mark.parametrize("name", ["sac", "sac_n_steps", "td3_wraps_around"])
def test_replay_buffers_on_the_host_change_no_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, settings, num_timesteps = SETTINGS[name]
    expected = trained(make(FAST[kind], **settings), num_timesteps=num_timesteps)
    monkeypatch.setenv("RLROBO_DEVICE_BUFFERS", "0")
    found = trained(make(FAST[kind], **settings), num_timesteps=num_timesteps)
    torch.testing.assert_close(weights(found), weights(expected), rtol=0, atol=0)


def test_a_buffer_that_leaves_too_little_memory_stays_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    # 100 transitions of 5 + 3 + 5 + 1 + 1 numbers of 4 bytes.
    monkeypatch.setattr(device_replay, "free_memory", lambda device: 2 * 100 * 15 * 4)
    assert make(FastSAC, **REPLAY).notes() == {}  # type: ignore[attr-defined]
    monkeypatch.setattr(device_replay, "free_memory", lambda device: 2 * 100 * 15 * 4 - 1)
    notes = make(FastSAC, **REPLAY).notes()  # type: ignore[attr-defined]
    assert "more than 50%" in notes["replay_on_host"]


def test_the_copy_of_a_replay_buffer_is_the_buffer() -> None:
    """After a barrier, a ring that is full, and more rows at once than it holds."""
    model = trained(make(FastSAC, **{**REPLAY, "buffer_size": 30}), num_timesteps=46)
    for num_timesteps in (2, 14, 58):
        close_episodes(model)
        model.learning_starts = model.num_timesteps + num_timesteps - 2
        model.learn(num_timesteps, reset_num_timesteps=False)
        rows = model._networks._source._rows.matrix
        buffer = model.replay_buffer
        np.testing.assert_array_equal(rows[:, :5], buffer.observations.reshape(30, 5))
        ended = buffer.dones * (1.0 - buffer.timeouts)
        np.testing.assert_array_equal(rows[:, -2:], np.stack((ended.ravel(), buffer.rewards.ravel()), axis=1))


@pytest.mark.parametrize(
    ("kind", "optimizer", "reason"),
    [(PPO, RMSpropTFLike, "RMSpropTFLike"), (SAC, torch.optim.SGD, "SGD"), (TD3, torch.optim.SGD, "SGD")],
)
def test_what_is_not_covered_is_updated_by_stock_and_says_why(kind: Any, optimizer: Any, reason: str) -> None:
    settings: dict[str, Any] = {"policy_kwargs": {"net_arch": [8], "optimizer_class": optimizer}}
    settings |= {"n_steps": 32} if kind is PPO else {"learning_starts": 40}
    expected, found = (trained(make(each, **settings), num_timesteps=64) for each in (kind, FAST[kind]))
    assert reason in found.notes()["stock_update"]
    torch.testing.assert_close(weights(found), weights(expected), rtol=0, atol=0)


def test_what_makes_updates_slower_is_told_when_training_begins(tmp_path: Path) -> None:
    config = build_config("cartpole_balance", algorithm="sac", preset="sb3", overrides=["n_steps=3", "num_envs=2"])
    told: list[Any] = []
    writer, progress = SimpleNamespace(write=told.append), SimpleNamespace(step=0)
    with closing(make_training_env(config, tmp_path)) as robots:
        model = build_model(config, robots, device="cpu")
        training._announce(model, 1, config=config, control=SimpleNamespace(writer=writer, progress=progress))  # type: ignore[arg-type]
    assert [event.code for event in told if isinstance(event, Warned)] == ["replay_on_host"]


@pytest.mark.parametrize("kind", [PPO, A2C])
def test_choices_are_learned_as_by_stock(kind: Any) -> None:
    models = [each("MlpPolicy", DummyVecEnv([Choice]), seed=1, device="cpu", n_steps=16) for each in (kind, FAST[kind])]
    expected, found = (trained(model, num_timesteps=32) for model in models)
    assert difference(found, expected) <= 1e-5
    assert_same_log(found, expected)


def env() -> DummyVecEnv:
    return DummyVecEnv([Drift] * 2)


def make(kind: type[BaseAlgorithm], **settings: Any) -> BaseAlgorithm:
    return kind("MlpPolicy", env(), seed=1, device="cpu", **deepcopy(settings))  # type: ignore[arg-type]
