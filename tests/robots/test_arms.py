"""Tasks of arms can be solved, shown by scripted policies, and what their hands do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from robots.control import EndEffectorControl
from robots.env import RobotBatch, RobotEnv
from robots.errors import TaskDefinitionError
from robots.kuka import kuka_reach
from robots.panda import GRIPPER, PANDA, panda_pick_and_place, panda_reach
from robots.spec import TaskSpec
from robots.xarm import xarm_reach

REACH = {"panda": panda_reach, "kuka": kuka_reach, "xarm": xarm_reach}
CLOSE_M = 0.01
"""m; five times nearer than success needs, so that a goal at the edge of what an arm reaches would fail."""
UP = np.array([0.0, 0.0, 1.0])


@pytest.fixture(params=REACH)
def reach_task(request: pytest.FixtureRequest) -> TaskSpec:
    task = REACH[request.param]()
    assert task.goal is not None
    return replace(task, goal=replace(task.goal, threshold_m=CLOSE_M))


def test_goals_are_within_reach(reach_task: TaskSpec) -> None:
    assert success_rate(reach_task, move_to_goal, num_episodes=10) == 1.0


@pytest.mark.slow
def test_goals_are_within_reach_200_times(reach_task: TaskSpec) -> None:
    assert success_rate(reach_task, move_to_goal, num_episodes=200) == 1.0


def test_a_cube_can_be_grasped_and_carried() -> None:
    assert success_rate(panda_pick_and_place(), grasp_and_carry, num_episodes=8) == 1.0


@pytest.mark.slow
def test_a_cube_can_be_grasped_and_carried_100_times() -> None:
    assert success_rate(panda_pick_and_place(), grasp_and_carry, num_episodes=100) >= 0.95


def test_the_hand_keeps_pointing_down_and_joints_within_their_limits(reach_task: TaskSpec) -> None:
    env, control = RobotEnv(reach_task), reach_task.robot.control
    assert isinstance(control, EndEffectorControl)
    model, state = env.mdp.simulation.model, env.mdp.simulation.state
    rng = np.random.default_rng(2)
    env.reset(seed=2)
    for _ in range(20):
        env.step(rng.uniform(-1, 1, 3))
        lean_rad = 2 * np.arccos(min(1.0, abs(np.dot(state.frame_quaternion_w[0, 0], control.quaternion_w))))
        assert lean_rad < 0.2
        assert np.all(state.joint_position[0] >= model.joint_lower - 1e-3)
        assert np.all(state.joint_position[0] <= model.joint_upper + 1e-3)
    env.close()


def test_the_hand_does_not_go_through_the_table() -> None:
    env = RobotEnv(panda_reach())
    env.reset(seed=2)
    assert abs(hold(env, (0.0, 0.0, -1.0))["achieved_goal"][2]) < 0.01
    env.close()


def test_the_gripper_opens_to_8_cm_and_shuts() -> None:
    env = RobotEnv(panda_pick_and_place())
    env.reset(seed=2)
    widths = [hold(env, (0.0, 0.0, 0.0, gripper))["observation"][6] for gripper in (1.0, -1.0)]
    assert widths == pytest.approx([0.08, 0.0], abs=1e-3)
    env.close()


def test_a_hand_that_the_model_lacks_is_named_with_the_nearest() -> None:
    task = panda_reach()
    robot = replace(PANDA, control=replace(GRIPPER, link="panda_grasptarge"))
    with pytest.raises(
        TaskDefinitionError, match=r"control\.link: .* no 'panda_grasptarge'; did you mean 'panda_grasp"
    ):
        RobotEnv(replace(task, robot=robot))


def test_a_gripper_needs_fingers() -> None:
    with pytest.raises(TaskDefinitionError, match=r"control\.finger_step_m: 0\.2 m without fingers; name them"):
        replace(PANDA, control=replace(GRIPPER, fingers=()))


def hold(env: RobotEnv, action: tuple[float, ...]) -> dict[str, np.ndarray]:
    """Repeat an action 15 times; return the last observation."""
    observations = [env.step(np.array(action))[0] for _ in range(15)]
    assert isinstance(observations[-1], dict)
    return observations[-1]


def success_rate(task: TaskSpec, policy: Callable[[np.ndarray], np.ndarray], *, num_episodes: int) -> float:
    """Play an episode in each of `num_episodes` environments; return which part succeeded."""
    batch = RobotBatch(task, num_envs=num_episodes, seed=1)
    observations = batch.reset()
    successes: dict[int, bool] = {}
    for _ in range(task.max_episode_steps):
        step = batch.step(np.array([policy(observation) for observation in observations]))
        observations = step.observations
        for episode in step.episodes:
            successes.setdefault(episode.env_index, bool(episode.success))
        if len(successes) == num_episodes:
            break
    batch.close()
    return sum(successes.values()) / num_episodes


def move_to_goal(observation: np.ndarray) -> np.ndarray:
    """Return the action that moves the hand straight to the goal, 5 cm a step."""
    return np.clip((observation[3:6] - observation[:3]) / 0.05, -1.0, 1.0)


def grasp_and_carry(observation: np.ndarray) -> np.ndarray:
    """Return the action that comes from above with an open gripper, shuts it around the cube and carries it."""
    goal, hand, width, cube = observation[3:6], observation[6:9], observation[12], observation[13:16]
    offset = cube - hand
    is_held = 0.03 < width < 0.045
    if np.abs(offset).max() < (0.03 if is_held else 0.012):
        move, gripper = (goal - cube if is_held else offset), -1.0
    else:
        is_above = np.abs(offset[:2]).max() < 0.015
        move, gripper = (offset if is_above else offset + 0.08 * UP), 1.0
    return np.append(np.clip(move / 0.05, -1.0, 1.0), gripper)
