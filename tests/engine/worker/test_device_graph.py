"""CUDA graphs change no bit. What needs a GPU is skipped without one; the order of calls is tested with a stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from stable_baselines3 import A2C, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import DummyVecEnv

from engine.protocol.errors import DeviceError
from engine.worker.device_graph import Captured
from engine.worker.fast_a2c import FastA2C
from engine.worker.fast_ppo import FastPPO
from engine.worker.fast_sac import FastSAC
from engine.worker.fast_td3 import FastTD3
from tests.engine.worker.drift import Drift, assert_same_log, difference, trained, weights

DEVICE = "cuda"
on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
REPLAY = {"learning_starts": 40, "batch_size": 32, "buffer_size": 200, "gradient_steps": 4, "train_freq": 2}
SETTINGS: dict[str, tuple[type[BaseAlgorithm], type[BaseAlgorithm], dict[str, Any]]] = {
    "ppo": (
        PPO,
        FastPPO,
        {"n_steps": 32, "batch_size": 24, "use_sde": True, "learning_rate": lambda left: 1e-3 * left},
    ),
    "ppo_stops_early": (PPO, FastPPO, {"n_steps": 32, "batch_size": 16, "target_kl": 1e-4}),
    "a2c": (A2C, FastA2C, {"n_steps": 16}),
    "sac": (SAC, FastSAC, {**REPLAY, "use_sde": True}),
    "sac_n_steps": (SAC, FastSAC, {**REPLAY, "n_steps": 3}),
    "td3": (TD3, FastTD3, REPLAY),
}


class StandIn:
    """Takes the place of torch.cuda: says in `seen` what is done to a function."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        self._how = "plainly"
        stream = SimpleNamespace(wait_stream=lambda other: None)
        monkeypatch.setattr(torch.cuda, "Stream", lambda device: stream)
        monkeypatch.setattr(torch.cuda, "current_stream", lambda device: stream)
        monkeypatch.setattr(torch.cuda, "stream", lambda stream: nullcontext())
        monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: SimpleNamespace(replay=lambda: self.seen.append("replay")))
        monkeypatch.setattr(torch.cuda, "graph", self._graph)

    def function(self) -> int:
        """Return how many times anything was done."""
        self.seen.append(self._how)
        return len(self.seen)

    @contextmanager
    def _graph(self, graph: Any, **settings: Any) -> Iterator[None]:
        assert settings["capture_error_mode"] == "thread_local"
        self._how = "capture"
        yield
        self._how = "plainly"


def test_two_plain_calls_then_a_capture_and_a_replay_for_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = StandIn(monkeypatch)
    captured = Captured(stand_in.function, torch.device("cuda"))
    assert [captured() for _ in range(4)] == [1, 2, 3, 3]
    assert stand_in.seen == ["plainly", "plainly", "capture", "replay", "replay"]


@pytest.mark.parametrize(("device", "switch"), [("cpu", "1"), ("cuda", "0")])
def test_without_a_gpu_or_when_switched_off_every_call_is_plain(
    device: str, switch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RLROBO_CUDA_GRAPHS", switch)
    stand_in = StandIn(monkeypatch)
    captured = Captured(stand_in.function, torch.device(device))
    assert [captured() for _ in range(4)] == [1, 2, 3, 4]
    assert set(stand_in.seen) == {"plainly"}


def test_what_cannot_be_captured_says_how_to_do_without(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = StandIn(monkeypatch)

    def function() -> None:
        if stand_in.function() > 2:
            raise RuntimeError("operation not permitted when stream is capturing")

    captured = Captured(function, torch.device("cuda"))
    captured()
    captured()
    with pytest.raises(DeviceError, match="not permitted when stream is capturing; set RLROBO_CUDA_GRAPHS=0"):
        captured()


@pytest.fixture
def as_in_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.distributions.Distribution, "_validate_args", False)


@pytest.mark.usefixtures("as_in_an_engine")
@pytest.mark.filterwarnings("ignore:You have specified a mini-batch size:UserWarning")
@pytest.mark.filterwarnings("ignore:You are trying to run:UserWarning")
@pytest.mark.filterwarnings("ignore:`n_steps=3` is ignored:UserWarning")  # of the buffer that is then replaced
@on_a_gpu
class TestOnAGpu:
    """Of five updates, at least two are replayed."""

    @pytest.mark.parametrize("name", SETTINGS)
    @pytest.mark.parametrize("switch", ["RLROBO_CUDA_GRAPHS", "RLROBO_DEVICE_BUFFERS"])
    def test_a_switch_changes_no_bit(self, name: str, switch: str, monkeypatch: pytest.MonkeyPatch) -> None:
        _, fast, settings = SETTINGS[name]
        expected = trained(make(fast, **settings), num_timesteps=320)
        monkeypatch.setenv(switch, "0")
        found = trained(make(fast, **settings), num_timesteps=320)
        torch.testing.assert_close(weights(found), weights(expected), rtol=0, atol=0)
        assert_same_log(found, expected)

    @pytest.mark.parametrize("name", SETTINGS)
    def test_updates_with_the_same_data_are_those_of_stock(self, name: str, tmp_path: Path) -> None:
        """Stock acts on the GPU, with other random numbers; so both learn from what one of them has seen."""
        stock, fast, settings = SETTINGS[name]
        model: Any = trained(make(stock, **settings), num_timesteps=64)
        model.save(tmp_path / "policy.zip")
        buffer, arguments = "rollout_buffer", {}
        if "buffer_size" in settings:
            buffer, arguments = "replay_buffer", {"gradient_steps": 6, "batch_size": 32}
        models: list[Any] = [kind.load(tmp_path / "policy.zip", env=env(), device=DEVICE) for kind in (stock, fast)]
        for each in models:
            setattr(each, buffer, deepcopy(getattr(model, buffer)))
            each.set_logger(Logger(None, []))
            for _ in range(3):
                each.set_random_seed(0)
                each.train(**arguments)
        assert difference(models[1], models[0]) <= 1e-5

    @pytest.mark.parametrize("name", ["ppo", "a2c", "sac", "td3"])
    def test_a_resumed_model_goes_on_as_the_one_that_never_stopped(self, name: str, tmp_path: Path) -> None:
        """Which has its graphs already."""
        _, fast, settings = SETTINGS[name]
        model: Any = trained(make(fast, **settings), num_timesteps=320)
        model.save(tmp_path / "policy.zip")
        resumed: Any = fast.load(tmp_path / "policy.zip", env=env(), device=DEVICE)
        if "buffer_size" in settings:
            resumed.replay_buffer = deepcopy(model.replay_buffer)
        for each in (model, resumed):
            trained(each, num_timesteps=160)
        torch.testing.assert_close(weights(resumed), weights(model), rtol=0, atol=0)

    def test_the_seed_of_a_barrier_reaches_random_numbers_in_a_graph(self) -> None:
        numbers = torch.zeros(5, device=DEVICE)
        captured = Captured(numbers.normal_, numbers.device)
        drawn = []
        for _ in range(5):
            torch.manual_seed(0)
            drawn.append(captured().clone())
        assert all(torch.equal(each, drawn[0]) for each in drawn)

    def test_stock_loads_on_the_cpu_what_was_saved_on_the_gpu(self, tmp_path: Path) -> None:
        model = trained(make(FastSAC, **SETTINGS["sac"][2]), num_timesteps=60)
        model.save(tmp_path / "policy.zip")
        loaded = trained(SAC.load(tmp_path / "policy.zip", env=env(), device="cpu"), num_timesteps=60)
        assert torch.isfinite(weights(loaded)).all()


def env() -> DummyVecEnv:
    return DummyVecEnv([Drift] * 2)


def make(kind: type[BaseAlgorithm], **settings: Any) -> BaseAlgorithm:
    policy_kwargs = {"net_arch": [16, 16]}
    return kind("MlpPolicy", env(), seed=1, device=DEVICE, policy_kwargs=policy_kwargs, **settings)  # type: ignore[arg-type]
