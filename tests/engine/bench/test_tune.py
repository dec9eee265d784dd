"""Which settings are tried; once, by name, for real."""

import msgspec
import pytest

from engine.bench.tune import Setting, assignments, candidates, setting_of, tune
from engine.protocol.algorithms import PPO, SAC
from engine.protocol.config import RunConfig
from engine.protocol.presets import build_config

ON_POLICY = RunConfig(task="hopper_hop", algorithm=PPO(n_steps=64), num_envs=8)
OFF_POLICY = RunConfig(task="hopper_hop", algorithm=SAC(train_freq=8), num_envs=1)


def test_the_given_setting_comes_first() -> None:
    given = Setting(num_envs=8, steps=64, num_workers=0, num_threads=0)
    assert setting_of(ON_POLICY) == given
    assert candidates(ON_POLICY, num_cores=4)[0] == given


def test_every_setting_is_tried_once_and_updates_after_as_many_timesteps() -> None:
    found = candidates(ON_POLICY, num_cores=4)
    assert len(found) == len(set(found))
    assert {(setting.num_envs, setting.steps) for setting in found} == {(8, 64), (16, 32), (32, 16), (64, 8)}


@pytest.mark.parametrize(("num_cores", "workers"), [(1, {0}), (2, {1, 0}), (6, {1, 2, 4, 0}), (8, {1, 2, 4, 0})])
def test_workers_go_up_to_the_cores_and_all_of_them_are_automatic(num_cores: int, workers: set[int]) -> None:
    assert {setting.num_workers for setting in candidates(ON_POLICY, num_cores=num_cores)} == workers


def test_there_are_never_more_workers_than_environments() -> None:
    found = candidates(ON_POLICY, num_cores=64)
    assert {setting.num_workers for setting in found if setting.num_envs == 8} == {0, 1, 2, 4, 8}


def test_off_policy_algorithms_try_threads_and_fewer_environments() -> None:
    found = candidates(OFF_POLICY, num_cores=2)
    assert {(setting.num_envs, setting.steps) for setting in found} == {(1, 8), (2, 4), (4, 2), (8, 1)}
    assert {setting.num_threads for setting in found[1:]} == {1, 2}
    assert {setting.num_workers for setting in found} == {0}


def test_hindsight_keeps_its_number_of_environments() -> None:
    config = build_config("panda_reach", algorithm="tqc")
    assert {setting.num_envs for setting in candidates(config, num_cores=2)} == {config.num_envs}


def test_the_best_setting_can_be_pasted() -> None:
    best = Setting(num_envs=16, steps=32, num_workers=2, num_threads=0)
    assert assignments(ON_POLICY, best) == ["num_envs=16", "n_steps=32", "num_workers=2"]
    best = msgspec.structs.replace(OFF_POLICY, num_threads=2)
    assert assignments(OFF_POLICY, setting_of(best)) == ["num_envs=1", "train_freq=8", "num_threads=2"]


@pytest.mark.slow
def test_the_real_thing_measures_every_setting_and_compares_with_the_given_one() -> None:
    config = build_config("cartpole_balance", algorithm="sac", preset="sb3", overrides=["num_envs=2"])
    tuning = tune(config, seconds=1.0)
    settings = candidates(config, num_cores=tuning.num_cores)
    assert {each.setting for each in tuning.tried} == set(settings)
    (given,) = (each for each in tuning.tried if each.is_given)
    assert given.is_finalist
    assert given.setting == setting_of(config)
    assert tuning.timesteps_per_update == 2
    assert tuning.assignments in [assignments(config, setting) for setting in settings]
    assert tuning.speedup_ci95[0] <= tuning.speedup <= tuning.speedup_ci95[1]
