"""The classic tasks are those of pybullet_envs_gymnasium: both are stepped from the same start with the same actions.

Both draw the same starts from the same seed; only the reacher's peer draws in another order and gets ours.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import gymnasium
import numpy as np
import pytest
from pybullet_envs_gymnasium import gym_locomotion_envs, gym_manipulator_envs, gym_pendulum_envs

from robots.env import RobotEnv

PEERS = {
    "inverted_pendulum_swingup": gym_pendulum_envs.InvertedPendulumSwingupBulletEnv,
    "inverted_double_pendulum_balance": gym_pendulum_envs.InvertedDoublePendulumBulletEnv,
    "reacher_reach": gym_manipulator_envs.ReacherBulletEnv,
    "hopper_hop": gym_locomotion_envs.HopperBulletEnv,
    "walker2d_walk": gym_locomotion_envs.Walker2DBulletEnv,
    "half_cheetah_run": gym_locomotion_envs.HalfCheetahBulletEnv,
    "ant_walk": gym_locomotion_envs.AntBulletEnv,
    "humanoid_walk": gym_locomotion_envs.HumanoidBulletEnv,
}
WALKERS = [task_id for task_id in PEERS if task_id.endswith(("_hop", "_walk", "_run"))]
NEVER_TERMINATE = ("inverted_pendulum_swingup", "reacher_reach", "half_cheetah_run")
STEPS_PER_ACTION = (1, 10, 40, 40)
"""By episode: an action that is held for long makes the ant fall."""

Policy = Callable[[np.ndarray], np.ndarray]


@pytest.fixture(params=PEERS)
def task_id(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def peer(task_id: str) -> Iterator[gymnasium.Env]:
    env = PEERS[task_id]()
    yield env
    env.close()


@pytest.fixture
def ours(task_id: str) -> Iterator[RobotEnv]:
    env = RobotEnv(task_id)
    yield env
    env.close()


def test_it_equals_its_peer_step_by_step(task_id: str, peer: gymnasium.Env, ours: RobotEnv) -> None:
    endings = play_episodes(peer, ours, num_episodes=4, max_steps=250)
    assert (True in endings) == (task_id not in NEVER_TERMINATE)


@pytest.mark.slow
def test_it_equals_its_peer_over_100_episodes(peer: gymnasium.Env, ours: RobotEnv) -> None:
    play_episodes(peer, ours, num_episodes=100, max_steps=1000)


def test_a_policy_scores_the_same_in_both(peer: gymnasium.Env, ours: RobotEnv) -> None:
    policy = random_policy(ours)
    reset_both(peer, ours, seed=5)
    start, expected_start = reset_both(peer, ours)
    expected = score(peer, policy, expected_start)
    assert score(ours, policy, start) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("task_id", WALKERS)
def test_only_the_position_at_the_first_reset_differs(peer: gymnasium.Env, ours: RobotEnv) -> None:
    """The peer takes it over fewer parts than later; the first step's progress makes up for it."""
    observation, expected = reset_both(peer, ours, seed=7)
    np.testing.assert_allclose(np.delete(observation, [1, 2]), np.delete(expected, [1, 2]), atol=1e-5, rtol=0)
    action = np.zeros(action_size(ours))
    step_both(peer, ours, action, reward_tolerance=1.0)
    step_both(peer, ours, action)


@pytest.mark.parametrize("task_id", ["humanoid_walk"])
def test_humanoid_differs_little_where_its_peer_rounds_the_torque(peer: gymnasium.Env, ours: RobotEnv) -> None:
    """Given actions of single precision, as policies give them, the peer rounds its torques to it."""
    reset_both(peer, ours, seed=7)
    reset_both(peer, ours)
    rng = np.random.default_rng(3)
    for _ in range(10):
        action = rng.uniform(-1, 1, 17).astype(np.float32)
        expected, *_ = peer.step(action)
        observation, *_ = ours.step(action)
        np.testing.assert_allclose(np.asarray(observation), expected, atol=1e-4, rtol=0)


def play_episodes(peer: gymnasium.Env, ours: RobotEnv, *, num_episodes: int, max_steps: int) -> list[bool]:
    """Play in both, after a first reset, which differs in walkers; return which episodes terminated."""
    reset_both(peer, ours, seed=7)
    rng = np.random.default_rng(3)
    size = action_size(ours)
    max_steps = min(max_steps, ours.task.max_episode_steps)
    endings = []
    for num_held in itertools.islice(itertools.cycle(STEPS_PER_ACTION), num_episodes):
        actions = itertools.islice(held_actions(rng, num_held, size), max_steps)
        endings.append(play_both(peer, ours, actions))
    return endings


def play_both(peer: gymnasium.Env, ours: RobotEnv, actions: Iterator[np.ndarray]) -> bool:
    """Play an episode in both; return whether it terminated."""
    observation, expected = reset_both(peer, ours)
    np.testing.assert_allclose(observation, expected, atol=1e-5, rtol=0)
    return any(step_both(peer, ours, action) for action in actions)


def reset_both(peer: gymnasium.Env, ours: RobotEnv, seed: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Begin an episode in both; return our first observation and the peer's."""
    expected, _ = peer.reset(seed=seed)
    observation, _ = ours.reset(seed=seed)
    assert isinstance(observation, np.ndarray)
    if isinstance(peer, gym_manipulator_envs.ReacherBulletEnv):
        state = ours.mdp.simulation.state
        positions = (*state.command[0], *state.joint_position[0])
        for name, position in zip(("target_x", "target_y", "joint0", "joint1"), positions, strict=True):
            peer.robot.jdict[name].reset_current_position(position, 0)
        expected = peer.robot.calc_state().astype(np.float32)
        peer.potential = peer.robot.calc_potential()
    return observation, expected


def step_both(peer: gymnasium.Env, ours: RobotEnv, action: np.ndarray, *, reward_tolerance: float = 1e-4) -> bool:
    """Step both and compare; return whether it terminated."""
    expected, expected_reward, expected_terminated, _, _ = peer.step(action)
    observation, reward, terminated, _, _ = ours.step(action)
    np.testing.assert_allclose(np.asarray(observation), expected, atol=1e-5, rtol=0)
    assert reward == pytest.approx(expected_reward, abs=reward_tolerance)
    assert terminated == expected_terminated
    return terminated


def held_actions(rng: np.random.Generator, num_steps: int, size: int) -> Iterator[np.ndarray]:
    """Yield random actions without end, each `num_steps` times; full torque if held.

    They are in double precision, because the peer's humanoid rounds its torques to that of the action.
    """
    while True:
        action = rng.uniform(-1, 1, size) if num_steps == 1 else rng.choice([-1.0, 1.0], size)
        yield from itertools.repeat(action.astype(np.float32).astype(np.float64), num_steps)


def action_size(env: RobotEnv) -> int:
    """Return the length of an action."""
    return len(env.task.robot.action_names)


def random_policy(env: RobotEnv) -> Policy:
    """Return a policy that reacts to every element of the observation."""
    weights = np.random.default_rng(1).normal(size=(action_size(env), env.mdp.observer.size))
    return lambda observation: np.tanh(weights @ observation.astype(np.float32))


def score(env: gymnasium.Env, policy: Policy, observation: np.ndarray, *, max_steps: int = 150) -> float:
    """Return the sum of the rewards of an episode's first steps, from its first observation."""
    total = 0.0
    for _ in range(max_steps):
        observation, reward, terminated, _, _ = env.step(policy(observation))
        total += float(reward)
        if terminated:
            break
    return total
