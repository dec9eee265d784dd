"""ant_walk is AntBulletEnv-v0: both are stepped from the same start with the same actions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from pybullet_envs_gymnasium.gym_locomotion_envs import AntBulletEnv

from robots.env import RobotEnv

STEPS_PER_ACTION = (1, 10, 40, 40)
"""By episode: an action that is held for long makes the ant fall."""
MAX_STEPS = 400


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
    """Both draw the same start from the same seed.

    The peer's first reset measures its position differently from all later ones; it is not compared.
    """
    peer.reset(seed=7)
    ours.reset(seed=7)
    rng = np.random.default_rng(3)
    endings = [play_both(peer, ours, held_actions(rng, steps)) for steps in STEPS_PER_ACTION]
    assert True in endings
    assert False in endings


def play_both(peer: AntBulletEnv, ours: RobotEnv, actions: Iterator[np.ndarray]) -> bool:
    """Play an episode, or its first MAX_STEPS, in both; return whether it terminated."""
    expected, _ = peer.reset()
    observation, _ = ours.reset()
    np.testing.assert_allclose(observation, expected, atol=1e-5, rtol=0)
    for action in itertools.islice(actions, MAX_STEPS):
        expected, expected_reward, expected_terminated, _, _ = peer.step(action)
        observation, reward, terminated, _, _ = ours.step(action)
        np.testing.assert_allclose(observation, expected, atol=1e-5, rtol=0)
        assert reward == pytest.approx(expected_reward, abs=1e-4)
        assert terminated == expected_terminated
        if terminated:
            return True
    return False


def held_actions(rng: np.random.Generator, num_steps: int) -> Iterator[np.ndarray]:
    """Yield random actions without end, each `num_steps` times; full torque if held."""
    while True:
        action = rng.uniform(-1, 1, 8) if num_steps == 1 else rng.choice([-1.0, 1.0], 8)
        yield from itertools.repeat(action.astype(np.float32), num_steps)
