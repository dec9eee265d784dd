"""Real sampling processes: the same numbers as in one process, and errors that arrive."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from gymnasium import spaces

from engine.protocol.config import RunConfig
from engine.protocol.errors import ProcessDiedError
from engine.protocol.presets import build_config
from engine.sampling.local import LocalSampling
from engine.sampling.policies import Noise, PolicyLayout
from engine.sampling.pool import SamplingPool
from engine.sampling.rollout import RolloutRequest
from engine.tasks import make_training_batch
from robots.errors import NonFiniteStateError, UnknownTaskError

NUM_ENVS, NUM_STEPS = 5, 40
KEY = (3, 8)


def config_of(*overrides: str, task: str = "hopper_hop") -> RunConfig:
    return build_config(task, algorithm="ppo", preset="sb3", overrides=[f"num_envs={NUM_ENVS}", *overrides])


def layout_for(batch: Any, noise: Noise = Noise.GAUSSIAN) -> PolicyLayout:
    (observation_size,), (action_size,) = batch.observation_space.shape, batch.action_space.shape
    return PolicyLayout(
        observation_size=observation_size, action_size=action_size, hidden=(16,), activation="tanh", noise=noise
    )


def give_policy(arrays: dict[str, np.ndarray]) -> None:
    arrays["weights"][:] = np.random.default_rng(0).standard_normal(len(arrays["weights"])) * 0.1
    arrays["observation_std"][:] = 1.0


def sample(sampling: Any, batch: Any, noise: Noise, num_rollouts: int = 2) -> dict[str, np.ndarray]:
    arrays = sampling.open_rollouts(layout_for(batch, noise), num_steps=NUM_STEPS)
    give_policy(arrays)
    sampling.reseed_noise(*KEY)
    arrays["observations"][0] = batch.rebuild(*KEY)
    request = RolloutRequest(num_steps=NUM_STEPS, clip_obs=10.0, sde_sample_freq=4)
    kept: dict[str, list[np.ndarray]] = {}
    for _ in range(num_rollouts):
        rollout = sampling.sample(request, lambda _: True)
        ends = arrays["terminated"] | arrays["truncated"]
        assert len(rollout.episodes) == ends.sum()
        kept.setdefault("episodes", []).append(np.array([record.episode_return for record in rollout.episodes]))
        for name in ("observations", "actions", "rewards", "terminated", "truncated"):
            kept.setdefault(name, []).append(arrays[name].copy())
        kept.setdefault("finals", []).append(arrays["final_observations"][ends])
        arrays["observations"][0] = arrays["observations"][-1]
    return {name: np.concatenate(parts) for name, parts in kept.items()}


@pytest.fixture
def pool() -> Iterator[SamplingPool]:
    pool = SamplingPool(config_of(), Path(), num_workers=2)
    yield pool
    pool.close()


@pytest.mark.parametrize("task", ["hopper_hop", "gym:MountainCarContinuous-v0"])
@pytest.mark.parametrize("noise", [Noise.GAUSSIAN, Noise.STATE_DEPENDENT])
def test_results_do_not_depend_on_the_number_of_workers(task: str, noise: Noise) -> None:
    config = config_of(task=task)
    batch = make_training_batch(config, Path(), range(NUM_ENVS))
    expected = sample(LocalSampling(batch), batch, noise)
    batch.close()
    with closing(SamplingPool(config, Path(), num_workers=2)) as pool:
        found = sample(pool, pool, noise)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_steps_are_those_of_one_batch(pool: SamplingPool) -> None:
    batch = make_training_batch(config_of(), Path(), range(NUM_ENVS))
    np.testing.assert_array_equal(pool.reset(), batch.reset())
    rng = np.random.default_rng(0)
    num_episodes = 0
    for _ in range(60):
        actions = rng.uniform(-1.0, 1.0, (NUM_ENVS, 3)).astype(np.float32)
        ours, expected = pool.step(actions), batch.step(actions)
        for name in ("observations", "rewards", "terminated", "truncated", "final_observations"):
            np.testing.assert_array_equal(getattr(ours, name), getattr(expected, name), err_msg=name)
        assert ours.episodes == expected.episodes
        num_episodes += len(ours.episodes)
    assert num_episodes > 0
    assert pool.engine_s > 0.0
    batch.close()


def test_a_new_seed_reaches_every_environment(pool: SamplingPool) -> None:
    batch = make_training_batch(config_of(), Path(), range(NUM_ENVS))
    for each in (pool, batch):
        each.reseed(5, 6)
    np.testing.assert_array_equal(pool.reset(), batch.reset())
    batch.close()


def test_a_rollout_stops_at_the_next_step_when_told_to(pool: SamplingPool) -> None:
    arrays = pool.open_rollouts(layout_for(pool), num_steps=1_000_000)
    give_policy(arrays)
    pool.reseed_noise(1)
    arrays["observations"][0] = pool.reset()
    told: list[int] = []

    def goes_on(num_steps: int) -> bool:
        told.append(num_steps)
        return num_steps == 0

    rollout = pool.sample(RolloutRequest(num_steps=1_000_000, clip_obs=None), goes_on)
    assert 0 < rollout.num_steps < 1_000_000
    assert told[-1] > 0
    assert sorted(told) == told


def test_a_killed_worker_ends_sampling_with_a_sentence(pool: SamplingPool) -> None:
    arrays = pool.open_rollouts(layout_for(pool), num_steps=1_000_000)
    give_policy(arrays)
    pool.reseed_noise(1)
    arrays["observations"][0] = pool.reset()

    def kill_when_under_way(num_steps: int) -> bool:
        if num_steps > 0:
            pool._processes[1].kill()
            arrays["control"][0] = 1
        return True

    with pytest.raises(ProcessDiedError, match=r"\(2 of 2\) was killed by signal 9 \(SIGKILL\)\. .*fewer num_envs"):
        pool.sample(RolloutRequest(num_steps=1_000_000, clip_obs=None), kill_when_under_way)


def test_an_environment_that_blows_up_is_named_by_its_index_over_all(pool: SamplingPool) -> None:
    arrays = pool.open_rollouts(layout_for(pool), num_steps=10)
    arrays["weights"][:] = np.nan
    pool.reseed_noise(1)
    arrays["observations"][0] = pool.reset()
    with pytest.raises(NonFiniteStateError, match="action") as caught:
        pool.sample(RolloutRequest(num_steps=10, clip_obs=None), lambda _: True)
    assert caught.value.env_index == 0
    assert caught.value.states["base_position_w"].shape[-1] == 3


def test_what_cannot_be_loaded_is_said_as_in_one_process() -> None:
    with pytest.raises(UnknownTaskError, match="gym:NoSuch-v0"):
        SamplingPool(config_of(task="gym:NoSuch-v0"), Path(), num_workers=2)


def test_workers_shrug_off_signals_that_are_meant_for_the_learner(pool: SamplingPool) -> None:
    for process in pool._processes:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(process.pid, number)
    assert pool.reset().shape == (NUM_ENVS, 15)


def test_workers_end_with_the_pool_and_with_its_connection() -> None:
    pool = SamplingPool(config_of(), Path(), num_workers=2)
    processes = [psutil.Process(process.pid) for process in pool._processes]
    pool._connections[0].close()  # as if the learner had died
    psutil.wait_procs(processes[:1], timeout=10)
    assert pool._processes[0].poll() == 0
    pool._connections.pop(0)
    pool.close()
    pool.close()
    assert not any(process.is_running() for process in processes)


def test_levels_are_seen_and_set_over_all_workers() -> None:
    config = config_of("task_params.terrain=stairs", task="a1_walk")
    pool = SamplingPool(config, Path(), num_workers=2)
    assert pool.curriculum_names
    assert pool.levels.shape == (NUM_ENVS, len(pool.curriculum_names))
    wanted = np.linspace(0.0, 1.0, pool.levels.size).reshape(pool.levels.shape)
    pool.set_levels(wanted)
    np.testing.assert_array_equal(pool.levels, wanted)
    pool.close()


def test_memory_leaves_no_file_and_no_thread_behind(pool: SamplingPool) -> None:
    before = threading.active_count()
    pool.open_rollouts(layout_for(pool), num_steps=10)
    names = os.listdir("/dev/shm") if Path("/dev/shm").is_dir() else []
    assert not [name for name in names if "tmp" in name]
    assert threading.active_count() == before
    assert isinstance(pool.action_space, spaces.Box)
