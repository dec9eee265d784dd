"""A packed buffer is Stable-Baselines3's: what is added, drawn and saved is the same, only elsewhere in memory."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3.common.buffers import NStepReplayBuffer, ReplayBuffer

from engine.worker.flat_critics import ReplayBatch
from engine.worker.packed_replay import COLUMNS, PackedReplay, can_pack

SIZE, NUM_ENVS = 20, 2
BOX, ACTIONS = spaces.Box(-1, 1, (3,), dtype=np.float32), spaces.Box(-1, 1, (2,), dtype=np.float32)


def new_buffer(kind: type[ReplayBuffer] = ReplayBuffer, box: spaces.Box = BOX) -> ReplayBuffer:
    return kind(SIZE * NUM_ENVS, box, ACTIONS, "cpu", n_envs=NUM_ENVS)


def add(buffer: ReplayBuffer, *, num_timesteps: int, seed: int = 0) -> None:
    random = np.random.default_rng(seed)
    for _ in range(num_timesteps):
        now, after, actions = (random.random((NUM_ENVS, width), dtype=np.float32) for width in (3, 3, 2))
        dones = random.random(NUM_ENVS) < 0.3
        infos = [{"TimeLimit.truncated": bool(random.random() < 0.5)} for _ in range(NUM_ENVS)]
        buffer.add(now, after, actions, random.random(NUM_ENVS), dones, infos)


@pytest.mark.parametrize("num_before", [0, 7, 33])
def test_its_arrays_are_columns_of_one(num_before: int) -> None:
    plain, packed = new_buffer(), new_buffer()
    for buffer in (plain, packed):
        add(buffer, num_timesteps=num_before)
    replay = PackedReplay(packed)
    for buffer in (plain, packed):
        add(buffer, num_timesteps=9, seed=1)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(packed, name), getattr(plain, name))
        assert np.shares_memory(getattr(packed, name), replay.rows)


@pytest.mark.parametrize("num_timesteps", [5, 19, 20, 31])
def test_it_draws_what_sample_draws(num_timesteps: int) -> None:
    plain, packed = new_buffer(), new_buffer()
    replay = PackedReplay(packed)
    for buffer in (plain, packed):
        add(buffer, num_timesteps=num_timesteps)
    np.random.seed(3)
    expected = ReplayBatch.of(plain.sample(16), gamma=0.97)
    np.random.seed(3)
    found = ReplayBatch.gather(replay.draw(16, gamma=0.97))
    for name in ("observations", "inputs", "next_observations", "rewards", "discounts"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-7)


@pytest.mark.parametrize("num_timesteps", [1, 5, 19, 20, 31, 39])
def test_what_is_drawn_ahead_is_what_is_drawn_a_timestep_later(num_timesteps: int) -> None:
    buffer = new_buffer()
    replay = PackedReplay(buffer)
    add(buffer, num_timesteps=num_timesteps)
    newest = buffer.pos
    np.random.seed(3)
    ahead = replay.draw(16, gamma=0.97, is_ahead=True)
    add(buffer, num_timesteps=1, seed=2)
    np.random.seed(3)
    later = replay.draw(16, gamma=0.97)
    np.testing.assert_array_equal(ahead.index, later.index)
    assert later.are_there
    assert ahead.are_there == (newest not in ahead.index // NUM_ENVS)


def test_a_buffer_that_somebody_loaded_is_not_held() -> None:
    buffer = new_buffer()
    replay = PackedReplay(buffer)
    assert replay.holds(buffer)
    assert not replay.holds(new_buffer())
    assert not replay.holds(None)
    buffer.observations = buffer.observations.copy()
    assert not replay.holds(buffer)


def test_only_plain_buffers_of_single_precision_are_packed() -> None:
    assert can_pack(new_buffer())
    assert not can_pack(new_buffer(NStepReplayBuffer))
    assert not can_pack(new_buffer(box=spaces.Box(0, 255, (3,), dtype=np.uint8)))
    assert not can_pack(None)
