"""ant_walk is AntBulletEnv-v0: both are stepped from the same start with the same actions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from pybullet_envs_gymnasium.gym_locomotion_envs import AntBulletEnv

from robots.env import RobotEnv

NUM_EPISODES = 4


@pytest.fixture
def peer() -> Iterator[AntBulletEnv]:
    env = AntBulletEnv()
    yield env
    env.close()


@pytest.fixture
def ours() -> Iterator[RobotEnv]:
    env = RobotEnv("ant_walk")
    yield env
    env.close()


def test_ant_equals_its_peer_step_by_step(peer: AntBulletEnv, ours: RobotEnv) -> None:
    """The peer's first episode starts with another position; it is played and not compared."""
    peer.reset(seed=7)
    ours.reset(seed=7)
    actions = np.random.default_rng(3)
    for _ in range(NUM_EPISODES):
        expected, _ = peer.reset()
        observation, _ = ours.reset()
        np.testing.assert_allclose(observation, expected, atol=1e-5, rtol=0)
        has_ended, num_steps = False, 0
        while not has_ended and num_steps < ours.task.max_episode_steps:
            action = actions.uniform(-1, 1, 8).astype(np.float32)
            expected, expected_reward, expected_terminated, _, _ = peer.step(action)
            observation, reward, terminated, _, _ = ours.step(action)
            np.testing.assert_allclose(observation, expected, atol=1e-5, rtol=0)
            assert reward == pytest.approx(expected_reward, abs=1e-4)
            assert terminated == expected_terminated
            has_ended, num_steps = terminated, num_steps + 1
