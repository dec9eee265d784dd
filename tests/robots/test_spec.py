"""A task that cannot work is refused when it is declared or loaded, with a message that helps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from robots.a1 import A1, a1_walk
from robots.cartpole import CARTPOLE, cartpole_balance
from robots.env import RobotBatch
from robots.errors import ModelFileError, TaskDefinitionError
from robots.spec import ObservationTerm, RewardTerm, Solver, Substeps, TaskSpec, TerminationTerm
from robots.terms import navigation, observations, rewards, terminations


def load(task: TaskSpec) -> None:
    RobotBatch(task, num_envs=1, seed=0).close()


def wrong_first_parameter(robot: object) -> np.ndarray:
    return np.zeros(1)


def with_observation(**params: object) -> TaskSpec:
    term = ObservationTerm(function=observations.joint_position, params=params)
    return replace(cartpole_balance(), observations={"angle": term})


def with_reward(term: RewardTerm) -> TaskSpec:
    return replace(cartpole_balance(), rewards={"alive": term})


def test_unknown_parameter_names_the_nearest() -> None:
    with pytest.raises(
        TaskDefinitionError,
        match=r"^cartpole_balance: observations.angle: unknown parameter 'joint'; did you mean 'joints'\?",
    ):
        with_observation(joint=("cart_to_pole",))


def test_missing_parameter_is_named() -> None:
    with pytest.raises(TaskDefinitionError, match=r"^cartpole_balance: observations.angle: .*'joints'.*missing"):
        with_observation()


def test_unknown_joint_of_a_term_names_the_nearest() -> None:
    with pytest.raises(
        TaskDefinitionError,
        match=r"^cartpole_balance: observations.angle: joints: .*'cart_to_pol'; did you mean 'cart_to_pole'",
    ):
        load(with_observation(joints=("cart_to_pol",)))


def test_joints_must_not_be_a_bare_name() -> None:
    with pytest.raises(TaskDefinitionError, match=r"must be a tuple of names or \"all\"; got 'cart_to_pole'"):
        load(with_observation(joints="cart_to_pole"))


def test_unknown_link_names_the_nearest() -> None:
    contact = TerminationTerm(function=terminations.ground_contact, params={"contact_links": ("trunc",)})
    task = replace(a1_walk(), terminations={"contact": contact})
    with pytest.raises(
        TaskDefinitionError, match=r"^a1_walk: terminations.contact: contact_links: .* did you mean 'trunk'"
    ):
        load(task)


def test_a_term_must_return_one_row_per_environment() -> None:
    with pytest.raises(
        TaskDefinitionError,
        match=r"^cartpole_balance: rewards.alive: returned shape \(1, 3\) .*; must be \(num_envs,\)",
    ):
        load(with_reward(RewardTerm(function=observations.gravity_direction_b, weight=1.0)))


def test_an_observation_of_a_sensor_that_the_robot_does_not_have_is_refused() -> None:
    task = cartpole_balance()
    lidar = {**task.observations, "lidar": ObservationTerm(function=navigation.lidar_range)}
    with pytest.raises(
        TaskDefinitionError, match=r"observations.lidar: returned shape \(1, 0\) .*; must be \(num_envs, dim >= 1\)"
    ):
        load(replace(task, observations=lidar))


def test_contacts_need_a_ground() -> None:
    with pytest.raises(TaskDefinitionError, match=r"^a1_walk: ground: "):
        load(replace(a1_walk(), ground=None))


def test_unknown_joint_of_the_robot_names_the_nearest() -> None:
    robot = replace(CARTPOLE, joints=("slider_to_car",))
    with pytest.raises(TaskDefinitionError, match=r"^cartpole: joints: .* did you mean 'slider_to_cart'"):
        load(replace(cartpole_balance(), robot=robot))


def test_unknown_joint_of_the_default_pose_names_the_nearest() -> None:
    with pytest.raises(TaskDefinitionError, match=r"^a1: default_joint_position: .* 'FR_hip_joint'"):
        replace(A1, default_joint_position={"FR_hip": 0.0})


def test_a_term_must_be_a_top_level_function() -> None:
    with pytest.raises(TaskDefinitionError, match=r"^cartpole_balance: rewards.alive: function: .*top-level"):
        with_reward(RewardTerm(function=lambda state: np.ones(1), weight=1.0))


def test_a_term_must_take_the_state_first() -> None:
    with pytest.raises(TaskDefinitionError, match=r"rewards.alive: function: its first parameters .* state"):
        with_reward(RewardTerm(function=wrong_first_parameter, weight=1.0))


def test_a_task_needs_observations() -> None:
    with pytest.raises(TaskDefinitionError, match=r"^cartpole_balance: observations: there is none"):
        replace(cartpole_balance(), observations={})


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ({"control_dt_s": 0.025}, r"control_dt_s: 0.025 s is not a whole multiple of physics_dt_s = 0.01 s"),
        ({"episode_length_s": 0.05}, r"episode_length_s: 0.05 s is not a whole multiple of control_dt_s"),
        ({"physics_dt_s": 0.04}, r"times must satisfy"),
        ({"physics_dt_s": 0.0}, r"times must satisfy"),
    ],
)
def test_times_must_be_whole_multiples(times: dict[str, float], message: str) -> None:
    with pytest.raises(TaskDefinitionError, match=f"^cartpole_balance: {message}"):
        replace(cartpole_balance(), **times)  # type: ignore[arg-type]


def test_position_control_needs_a_call_per_physics_step() -> None:
    with pytest.raises(TaskDefinitionError, match=r"^a1_walk: solver.substeps: "):
        replace(a1_walk(), solver=Solver(substeps=Substeps.IN_SOLVER))


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (None, "missing.urdf", r"missing.urdf: no such file; looked at /"),
        ("not a robot", "broken.urdf", r"broken.urdf:1:1: not valid XML"),
        ("", "robot.usd", r"robot.usd: unknown format '.usd'; allowed: .urdf"),
    ],
)
def test_unusable_model_file_says_what_to_do(tmp_path, content: str | None, name: str, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    robot = replace(CARTPOLE, model=str(path))
    with pytest.raises(ModelFileError, match=message):
        load(replace(cartpole_balance(), robot=robot))


@pytest.mark.parametrize(
    ("model", "remedy"),
    [
        ("qqqqqqqqqqqqqqqqqqqqqqqq.xml", r"correct the path, or install PyBullet again: python -m pip install"),
        ("cartpol.urdf", r"did you mean pybullet_data/cartpole.urdf\? .*install PyBullet again: python -m pip install"),
    ],
)
def test_missing_model_of_pybullet_is_misspelt_or_not_installed(model: str, remedy: str) -> None:
    robot = replace(CARTPOLE, model=f"pybullet_data/{model}")
    with pytest.raises(ModelFileError, match=rf"{model}: no such file; looked at .*{model}; {remedy}"):
        load(replace(cartpole_balance(), robot=robot))


def test_reward_weight_is_required() -> None:
    with pytest.raises(TypeError, match="weight"):
        RewardTerm(function=rewards.alive)  # type: ignore[call-arg]
