"""How many threads torch gets: what was asked for, what a run began with, or what is measured to be faster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from sb3_contrib import TQC, CrossQ
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import DummyVecEnv

from engine.protocol.presets import load_config
from engine.worker import devices
from engine.worker.devices import choose_num_threads, time_updates
from engine.worker.fast_sac import FastSAC
from tests.engine.worker.drift import Drift, weights

CONFIG = load_config(Path("configs/half_cheetah_run/tqc.yaml"))


def make(kind: type[OffPolicyAlgorithm]) -> OffPolicyAlgorithm:
    policy_kwargs = {"net_arch": [8]}
    return kind("MlpPolicy", DummyVecEnv([Drift]), device="cpu", buffer_size=10, policy_kwargs=policy_kwargs)  # type: ignore[arg-type]


def fake_times(monkeypatch: pytest.MonkeyPatch, one: float, all_of_them: float) -> None:
    def times(model: BaseAlgorithm, counts: Sequence[int]) -> list[float]:
        assert list(counts) == [1, 4]
        return [one, all_of_them]

    monkeypatch.setattr(devices, "usable_cpus", lambda: 4)
    monkeypatch.setattr(devices, "time_updates", times)


@pytest.mark.parametrize(("one", "all_of_them", "expected"), [(1.2, 1.0, 4), (1.1, 1.0, 1), (1.0, 30.0, 1)])
def test_all_cores_are_used_where_that_is_clearly_faster(
    one: float, all_of_them: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_times(monkeypatch, one, all_of_them)
    assert choose_num_threads(CONFIG, make(TQC)) == expected


def test_a_resumed_run_takes_the_number_it_began_with(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_times(monkeypatch, 2.0, 1.0)
    assert choose_num_threads(CONFIG, make(TQC), recorded=1) == 1
    assert choose_num_threads(CONFIG, make(TQC), recorded=2) == 2


def test_what_the_user_wants_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_times(monkeypatch, 2.0, 1.0)
    wanted = load_config(Path("configs/half_cheetah_run/tqc.yaml"), overrides=["num_threads=3"])
    assert choose_num_threads(wanted, make(TQC), recorded=2) == 3


def test_a_closed_form_has_one_thread_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_times(monkeypatch, 2.0, 1.0)
    assert choose_num_threads(CONFIG, make(FastSAC)) == 1


@pytest.mark.parametrize("kind", [TQC, CrossQ])
def test_measuring_changes_nothing(kind: type[OffPolicyAlgorithm]) -> None:
    model = make(kind)
    before, statistics = weights(model).clone(), {k: v.clone() for k, v in model.policy.state_dict().items()}
    random, num_threads = torch.get_rng_state(), torch.get_num_threads()
    times = time_updates(model, (1, 2))
    assert all(0.0 < seconds < 10.0 for seconds in times)
    assert torch.equal(weights(model), before)
    assert all(torch.equal(value, statistics[name]) for name, value in model.policy.state_dict().items())
    assert all(parameter.grad is None for parameter in model.policy.parameters())
    assert torch.equal(torch.get_rng_state(), random)
    assert torch.get_num_threads() == num_threads
