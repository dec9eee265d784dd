"""The quadrupeds that follow velocity commands, in PyBullet."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from robots import a1, aliengo, laikago, mini_cheetah
from robots.env import RobotBatch
from robots.errors import TaskDefinitionError
from robots.quadruped import PUSH_INTERVAL_S, RESAMPLE_S
from robots.registry import load_task
from robots.spec import ObservationTerm, TaskSpec
from robots.state import default_start
from robots.terms import observations

ROBOTS = {
    "a1_walk": a1.QUADRUPED,
    "laikago_walk": laikago.QUADRUPED,
    "aliengo_walk": aliengo.QUADRUPED,
    "mini_cheetah_walk": mini_cheetah.QUADRUPED,
}
LEGS = ((1.0, -1.0), (1.0, 1.0), (-1.0, -1.0), (-1.0, 1.0))
"""Where each leg is, ahead and to the left: front right, front left, rear right, rear left."""
REST = np.zeros((1, 12))

every_robot = pytest.mark.parametrize("task_id", ROBOTS)


@every_robot
def test_it_stands_still_without_acting_and_on_its_feet_only(task_id: str) -> None:
    """For 4 s, by when nothing moves any more; the A1 is watched for a whole episode in test_env.py."""
    robot = ROBOTS[task_id]
    task = replace(load_task(task_id, {"push_m_s": 0.0}), episode_length_s=4.0)
    batch = RobotBatch(task, num_envs=1, seed=3)
    batch.reset()
    state, links = batch.mdp.simulation.state, batch.mdp.simulation.model.link_names
    for _ in range(batch.task.max_episode_steps - 1):
        step = batch.step(REST)
        assert not step.episodes
    touching = {name for name, contact in zip(links, state.link_contact[0], strict=True) if contact}
    assert set(robot.feet) <= touching
    assert not touching & {robot.trunk, *robot.legs}
    assert state.gravity_direction_b[0, 2] < -0.99
    assert np.abs(state.joint_velocity).max() < 0.01
    assert batch.step(REST).episodes[0].termination == "time_limit"
    batch.close()


def test_a_command_that_is_too_short_is_refused_where_it_is_read() -> None:
    task = load_task("a1_walk")
    speeds = {"velocity": replace(task.commands["velocity"], size=2)}
    gravity = {"gravity": task.observations["gravity"]}
    with pytest.raises(
        TaskDefinitionError, match=r"^a1_walk: rewards\.track_command_yaw_rate: cannot be computed: index"
    ):
        RobotBatch(replace(task, commands=speeds, observations=gravity), num_envs=1, seed=0)


def test_position_control_of_a_model_without_effort_limits_is_refused() -> None:
    """A limit of 0 would leave the joints limp."""
    task = load_task("mini_cheetah_walk")
    limp = replace(task.robot, control=replace(task.robot.control, max_effort=None))
    with pytest.raises(
        TaskDefinitionError, match=r"control\.max_effort: .* names no effort limit for 'torso_to_abduct"
    ):
        RobotBatch(replace(task, robot=limp), num_envs=1, seed=0)


@every_robot
def test_legs_are_where_their_names_say_and_feet_are_below_hips(task_id: str) -> None:
    """The base faces +x; a leg's three joints come one after another."""
    robot = ROBOTS[task_id]
    batch = RobotBatch(with_link_positions(load_task(task_id)), num_envs=1, seed=0)
    batch.mdp.starter.settle()
    state, links = batch.mdp.simulation.state, batch.mdp.simulation.model.link_names
    feet = state.link_position_w[0, [links.index(name) for name in robot.feet]] - state.base_position_w[0]
    np.testing.assert_array_equal(np.sign(feet[:, :2]), LEGS)
    assert np.all(feet[:, 2] < -0.1)
    np.testing.assert_allclose(feet[::2, 0], feet[1::2, 0], atol=0.01, err_msg="left and right alike")
    batch.close()


@every_robot
def test_actions_move_the_joints_of_one_leg_after_another(task_id: str) -> None:
    """In the air, three actions for each leg: its joints follow, and the others only shake."""
    batch = RobotBatch(load_task(task_id, {"push_m_s": 0.0}), num_envs=1, seed=0)
    state = batch.mdp.simulation.state
    for leg in range(4):
        batch.mdp.starter.settle()
        action = np.zeros((1, 12))
        action[0, 3 * leg : 3 * leg + 3] = 1.0
        for _ in range(4):
            batch.mdp.simulation.step(action)
        moved = (state.joint_position - state.model.default_joint_position)[0].reshape(4, 3)
        assert np.all(moved[leg] > 0.15)
        assert np.abs(np.delete(moved, leg, axis=0)).max() < moved[leg].min()
    batch.close()


def test_trunk_of_an_a1_that_walks_ahead_moves_to_where_it_faces() -> None:
    """A velocity ahead in the base's frame brings the front feet's side forward."""
    batch = RobotBatch(with_link_positions(load_task("a1_walk", {"push_m_s": 0.0})), num_envs=1, seed=0)
    batch.reset()
    start = default_start(batch.task, batch.mdp.simulation.model, num_rows=1)
    start.base_linear_velocity_w[:] = (1.0, 0.0, 0.0)
    batch.mdp.simulation.push([0], start)
    state, links = batch.mdp.simulation.state, batch.mdp.simulation.model.link_names
    before = state.base_position_w[0].copy()
    batch.step(REST)
    moved = state.base_position_w[0] - before
    front = state.link_position_w[0, links.index("FR_hip")] - state.base_position_w[0]
    assert moved @ front > 0.0
    assert state.base_linear_velocity_b[0, 0] > 0.5
    batch.close()


def test_feet_air_time_counts_from_the_jump() -> None:
    """Falling from the start, feet are in the air until they land, and then 0 s."""
    batch = RobotBatch(load_task("a1_walk", {"push_m_s": 0.0}), num_envs=1, seed=0)
    batch.reset()
    state, links = batch.mdp.simulation.state, batch.mdp.simulation.model.link_names
    feet = [links.index(name) for name in a1.QUADRUPED.feet]
    batch.step(REST)
    np.testing.assert_allclose(state.link_air_time_s[0, feet], 0.02)
    for _ in range(30):
        batch.step(REST)
    np.testing.assert_array_equal(state.link_air_time_s[0, feet], 0.0)
    batch.close()


def test_push_changes_the_velocity_at_its_time_and_not_before() -> None:
    """Both robots do the same until, after exactly 0.2 s, one of them is pushed level by up to 0.5 m/s."""
    calm = load_task("a1_walk", {"push_m_s": 0.0})
    pushed = load_task("a1_walk", {"push_m_s": 0.5})
    push = replace(pushed.disturbances["push"], interval_s=(0.2, 0.2))
    batches = [RobotBatch(task, num_envs=1, seed=4) for task in (calm, replace(pushed, disturbances={"push": push}))]
    for batch in batches:
        batch.reset()
    changes = []
    for _ in range(10):
        velocities = []
        for batch in batches:
            batch.step(REST)
            velocities.append(batch.mdp.simulation.state.base_linear_velocity_w[0].copy())
        changes.append(velocities[1] - velocities[0])
    assert not np.any(changes[:-1])
    assert np.all((np.abs(changes[-1][:2]) > 0.0) & (np.abs(changes[-1][:2]) <= 0.5))
    assert changes[-1][2] == 0.0
    for batch in batches:
        batch.close()


def test_pushes_come_within_their_interval() -> None:
    assert load_task("a1_walk").disturbances["push"].interval_s == PUSH_INTERVAL_S
    assert not load_task("a1_walk", {"push_m_s": 0.0}).disturbances


def test_push_below_zero_is_an_error() -> None:
    with pytest.raises(TaskDefinitionError, match=r"a1_walk: push_m_s: got -0.5; must not be below 0"):
        load_task("a1_walk", {"push_m_s": -0.5})


def test_command_stays_until_it_is_drawn_anew() -> None:
    task = load_task("a1_walk", {"push_m_s": 0.0})
    velocity = replace(task.commands["velocity"], resample_s=(0.1, 0.1))
    batch = RobotBatch(replace(task, commands={"velocity": velocity}), num_envs=1, seed=1)
    batch.reset()
    commands = [batch.mdp.simulation.state.command[0].copy()]
    for _ in range(10):
        batch.step(REST)
        commands.append(batch.mdp.simulation.state.command[0].copy())
    batch.close()
    has_changed = [not np.array_equal(before, after) for before, after in itertools.pairwise(commands)]
    assert has_changed == [False] * 4 + [True] + [False] * 4 + [True]
    assert task.commands["velocity"].resample_s == RESAMPLE_S


def test_training_begins_with_walking_straight_or_standing_and_play_has_all_commands() -> None:
    drawn = {}
    for is_training in (True, False):
        batch = RobotBatch(load_task("a1_walk"), num_envs=1, seed=0, is_training=is_training)
        drawn[is_training] = np.array([command_of(batch) for _ in range(60)])
        batch.close()
    assert {tuple(row) for row in drawn[True]} == {(0.5, 0.0, 0.0), (0.0, 0.0, 0.0)}
    assert np.all(drawn[False].min(axis=0) < (-0.4, -0.2, -0.8))
    assert np.all(drawn[False].max(axis=0) > (0.9, 0.2, 0.8))


def test_commands_get_harder_where_they_are_followed() -> None:
    """A robot that is told to stand does so without acting."""
    task = load_task("a1_walk", {"push_m_s": 0.0})
    velocity = task.commands["velocity"]
    to_stand = replace(velocity, params={**velocity.params, "standing_share": 1.0})
    easy = replace(task, commands={"velocity": to_stand}, episode_length_s=3.0)
    batch = RobotBatch(easy, num_envs=1, seed=0, is_training=True)
    batch.reset()
    levels = [play_to_the_end(batch) for _ in range(2)]
    batch.close()
    np.testing.assert_allclose(levels, [0.1, 0.2])


def test_randomisation_is_drawn_and_logged() -> None:
    batch = RobotBatch(load_task("a1_walk", {"randomize": True}), num_envs=2, seed=0)
    batch.reset()
    batch.mdp.step_count[:] = batch.task.max_episode_steps - 1
    drawn = [episode.randomizations for episode in batch.step(np.zeros((2, 12))).episodes]
    batch.close()
    assert drawn[0]["ground_friction"] != drawn[1]["ground_friction"]
    assert all(0.5 <= each["ground_friction"] <= 1.25 and 0.8 <= each["trunk_mass"] <= 1.2 for each in drawn)


def with_link_positions(task: TaskSpec) -> TaskSpec:
    """Let the links' positions be read."""
    term = ObservationTerm(function=observations.link_position_x, params={"links": "all"})
    return replace(task, observations={**task.observations, "links": term})


def play_to_the_end(batch: RobotBatch) -> float:
    """Do nothing until an episode ends; return the level of the next one."""
    while not batch.step(REST).episodes:
        pass
    return float(batch.levels[0, 0])


def command_of(batch: RobotBatch) -> np.ndarray:
    """Begin an episode; return its command (3,)."""
    batch.reset()
    return batch.mdp.simulation.state.command[0].copy()
