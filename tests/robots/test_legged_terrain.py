"""The quadrupeds on rough ground and stairs, in PyBullet."""

from __future__ import annotations

import numpy as np
import pytest

from robots import a1
from robots.env import RobotBatch, RobotEnv
from robots.errors import TaskDefinitionError
from robots.registry import load_task
from robots.state import default_start
from tests.robots.test_legged import REST, ROBOTS, every_robot, play_to_the_end

every_terrain = pytest.mark.parametrize("terrain", ["rough", "stairs"])


@pytest.mark.parametrize(("walked_m", "expected"), [(3.1, 3 / 7), (0.0, 1 / 7)])
def test_ground_gets_harder_for_robots_that_come_far_and_easier_for_those_that_do_nothing(
    walked_m: float, expected: float
) -> None:
    """Eight tiles of 6 m are seven levels apart; far is more than half a tile."""
    batch = RobotBatch(load_task("a1_walk", {"terrain": "stairs"}), num_envs=1, seed=0, is_training=True)
    batch.levels[:] = 2 / 7
    batch.reset()
    batch.mdp.simulation.state.start.base_position_w[0, 0] -= walked_m
    batch.mdp.step_count[:] = batch.task.max_episode_steps - 1
    assert play_to_the_end(batch) == pytest.approx(expected)
    batch.close()


@every_terrain
def test_training_begins_on_the_easiest_tile_and_play_on_the_hardest(terrain: str) -> None:
    """Tiles are 6 m long and 8; robots begin within 0.5 m of a tile's middle."""
    for is_training, middle in ((True, 0.0), (False, 42.0)):
        batch = RobotBatch(load_task("a1_walk", {"terrain": terrain}), num_envs=1, seed=0, is_training=is_training)
        batch.reset()
        state = batch.mdp.simulation.state
        assert state.base_position_w[0, 0] == pytest.approx(middle, abs=0.5)
        assert (tuple(state.command[0]) in {(0.5, 0.0, 0.0), (0.0, 0.0, 0.0)}) == is_training
        batch.close()


@every_terrain
def test_uneven_ground_keeps_the_contract(terrain: str) -> None:
    """Same seed and actions, same trajectory; earlier episodes leave no trace; a start does not depend on others."""
    task = load_task("a1_walk", {"terrain": terrain})
    pair, single = RobotBatch(task, num_envs=2, seed=5), RobotBatch(task, num_envs=1, seed=5, first_env_index=1)
    together = record(pair)
    np.testing.assert_array_equal(together[:, 1], record(single)[:, 0])
    pair.reseed(5)
    np.testing.assert_array_equal(together, record(pair))
    low, high = pair.observation_space.low, pair.observation_space.high
    assert np.all((low <= together) & (together <= high))
    assert len(low) == 48 + 45
    pair.close()
    single.close()


@every_robot
@every_terrain
def test_it_begins_on_the_ground_and_not_in_it(task_id: str, terrain: str) -> None:
    """No link touches the ground at first, and within half a second the feet do, with the trunk still up."""
    robot = ROBOTS[task_id]
    batch = RobotBatch(load_task(task_id, {"terrain": terrain, "push_m_s": 0.0}), num_envs=1, seed=2)
    batch.reset()
    state, links = batch.mdp.simulation.state, batch.mdp.simulation.model.link_names
    feet = [links.index(name) for name in robot.feet]
    batch.step(REST)
    assert not state.link_contact.any()
    has_landed = np.zeros(4, dtype=bool)
    for _ in range(24):
        assert not batch.step(REST).episodes
        has_landed |= state.link_contact[0, feet] > 0.0
    assert has_landed.sum() >= 3
    batch.close()


def test_robot_that_leaves_the_tiles_is_not_looked_at_any_more() -> None:
    """It truncates: nothing is wrong with walking on."""
    env = RobotEnv(load_task("a1_walk", {"terrain": "rough", "push_m_s": 0.0}))
    env.reset(seed=0)
    start = default_start(env.task, env.mdp.simulation.model, num_rows=1)
    start.base_position_w[:] = (42.0, 3.2, 0.4)
    env.mdp.simulation.begin([0], start)
    _, _, terminated, truncated, info = env.step(REST[0])
    env.close()
    assert (terminated, truncated, info["termination"]) == (False, True, "off_tiles")


def test_unknown_terrain_is_an_error() -> None:
    with pytest.raises(
        TaskDefinitionError, match="a1_walk: terrain: no such terrain 'ice'; allowed: flat, rough, stairs"
    ):
        a1.a1_walk(terrain="ice")


def record(batch: RobotBatch) -> np.ndarray:
    """Reset and play 40 steps with actions by environment index; return observations (steps, num_envs, size)."""
    observed = [batch.reset()]
    for step in range(40):
        actions = [
            np.random.default_rng((step, batch.first_env_index + row)).uniform(-1, 1, 12)
            for row in range(batch.num_envs)
        ]
        observed.append(batch.step(np.array(actions)).observations)
    return np.array(observed)
