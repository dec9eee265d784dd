"""A task that a mapping declares is the one that Python would declare; what is wrong is named with file and key."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robots.cartpole import cartpole_balance
from robots.contract import batches_of, record
from robots.control import EndEffectorControl, MotorControl, MotorMode, PositionControl
from robots.declared import declare
from robots.env import RobotBatch
from robots.errors import TaskDefinitionError
from robots.scene import ObjectKind
from robots.spec import Substeps, TaskSpec
from robots.terms import goals, manipulation, rewards
from tests.robots.declarations import CART, POLE, cartpole_mapping
from tests.robots.models import write_arm

INERTIAL = '<inertial><mass value="5"/><inertia ixx="0.1" iyy="0.1" izz="0.1" ixy="0" ixz="0" iyz="0"/></inertial>'
SOURCE = Path("robots/my_cart.yaml")


def declared(**changes: Any) -> TaskSpec:
    return declare(cartpole_mapping(**changes), source=SOURCE)


def test_the_declared_cart_pole_is_the_built_in_one() -> None:
    assert declared() == cartpole_balance()


def test_it_moves_bit_for_bit_as_the_built_in_one() -> None:
    with batches_of(declared()) as make, batches_of(cartpole_balance()) as make_built_in:
        np.testing.assert_array_equal(record(make(2)), record(make_built_in(2)))


def test_id_and_name_are_the_files_unless_they_are_given() -> None:
    task = declared(id=None, robot__name=None, reward_range=None)
    assert (task.id, task.robot.name) == ("my_cart", "my_cart")
    assert task.reward_range == (-np.inf, np.inf)


def test_models_are_relative_to_the_file() -> None:
    task = declared(robot__model="meshes/cart.urdf", ground={"model": "floor.urdf"})
    assert Path(task.robot.model) == Path("robots/meshes/cart.urdf")
    assert task.ground is not None
    assert Path(task.ground.model) == Path("robots/floor.urdf")


def test_a_term_goes_by_its_own_name_where_no_function_is_named() -> None:
    assert declared().rewards["alive"].function is rewards.alive


def test_position_control_takes_a_number_or_one_for_each_joint() -> None:
    control = {"mode": "position", "action_scale_rad": 0.5, "stiffness": {CART: 3}, "damping": 1}
    assert declared(robot__control=control).robot.control == PositionControl(
        action_scale_rad=0.5, stiffness={CART: 3.0}, damping=1.0
    )


def test_motors_are_read_by_joint() -> None:
    motors = {CART: {"mode": "velocity", "gains": [2], "max_effort": 5}}
    control = declared(robot__control={"mode": "motors", "actions": ["throttle"], "motors": motors}).robot.control
    assert isinstance(control, MotorControl)
    assert (control.motors[CART].mode, control.motors[CART].gains) == (MotorMode.VELOCITY, (2.0,))


def test_a_hand_can_be_driven() -> None:
    control = {
        "mode": "end_effector", "link": "cart", "step_m": 0.05, "quaternion_w": [1, 0, 0, 0], "max_effort": {CART: 9},
    }  # fmt: skip
    assert isinstance(declared(robot__control=control).robot.control, EndEffectorControl)


def test_goal_success_objects_and_solver_are_read() -> None:
    task = declared(
        rewards=None,
        commands={"target": {"term": "goals.draw_goal", "size": 3, "low_w": [0, 0, 0], "high_w": [1, 1, 1]}},
        goal={
            "achieved": {"term": "manipulation.hand_position", "frames": ["pole"]},
            "command": "target",
            "threshold_m": 0.1,
            "reward": "dense",
        },
        objects=[{"name": "mark", "size_m": [0.1], "shape": "sphere", "kind": "ghost", "follows": "target"}],
        solver={"substeps": "in_solver", "num_iterations": 10},
    )
    assert task.goal is not None
    assert (task.goal.achieved.function, task.goal.achieved.params) == (
        manipulation.hand_position,
        {"frames": ("pole",)},
    )
    assert task.commands["target"].function is goals.draw_goal
    assert (task.objects[0].kind, task.solver.substeps) == (ObjectKind.GHOST, Substeps.IN_SOLVER)
    assert declared(success={"term": "joint_beyond", "joints": [CART], "limit": 1}).has_success


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reward": {}}, r"reward: unknown key; did you mean 'rewards'\?"),
        ({"robot__joint": [CART]}, r"robot.joint: unknown key; did you mean 'joints'\?"),
        ({"robot__model": None}, r"robot.model: missing; expected text"),
        ({"robot__model": ""}, r"robot.model: expected the path of a URDF or MJCF file, got ''"),
        ({"robot__model": ["a"]}, r"robot.model: expected the path"),
        ({"robot__joints": "all"}, r"robot.joints: expected a list of names, got 'all'"),
        ({"robot__joints": []}, r"robot.joints: none is driven; name at least one"),
        ({"robot__default_joint_position": {"pol": 1}}, r"robot.default_joint_position: no joint 'pol'; allowed"),
        ({"robot__control": {}}, r"robot.control.mode: missing; allowed: position, effort, motors, end_effector\."),
        ({"robot__control": {"mode": "torque"}}, r"robot.control.mode: got 'torque'"),
        ({"robot__control": {"mode": "effort"}}, r"robot.control.effort: missing"),
        ({"robot__control": {"mode": "effort", "effort": {"x": 1}}}, r"robot.control.effort: no driven joint 'x'"),
        ({"physics_dt_s": "fast"}, r"physics_dt_s: expected a number, got 'fast'"),
        ({"control_dt_s": 0.015}, r"control_dt_s: 0.015 s is not a whole multiple of physics_dt_s"),
        ({"episode_length_s": -1}, r"times must satisfy"),
        ({"rewards": {"alve": {"weight": 1}}}, r"rewards.alve: no term 'alve' among the rewards; did you mean 'alive'"),
        ({"rewards": {"x": {"term": "alve", "weight": 1}}}, r"rewards.x.term: no term 'alve'"),
        ({"rewards": {"x": {"term": 5, "weight": 1}}}, r"rewards.x.term: no term 5"),
        ({"rewards": {"alive": {}}}, r"rewards.alive.weight: missing; a term of this group needs it"),
        ({"rewards": {"alive": {"weight": "big"}}}, r"rewards.alive.weight: expected a number, got 'big'"),
        ({"rewards": {"alive": 5}}, r"rewards.alive: expected `key: value` lines, got 5"),
        ({"rewards": None}, r"rewards: there is none; a task needs at least one term"),
        ({"reward_range": [1, 0]}, r"reward_range: 1 is above 0; the lowest comes first"),
        ({"terminations__pole_fell__limt": 1}, r"terminations.pole_fell.limt: joint_beyond has no such parameter"),
        ({"terminations__pole_fell__limit": None}, r"terminations.pole_fell.limit: missing; joint_beyond needs it"),
        ({"terminations__pole_fell__limit": "x"}, r"terminations.pole_fell.limit .*: expected a number"),
        ({"observations__pole_angle__joints": 3}, r"observations.pole_angle.joints .*expected a list of names, or all"),
        ({"observations__pole_angle__clip": [1]}, r"observations.pole_angle.clip: expected a list of 2 numbers"),
        ({"goal": {"command": "x"}}, r"goal.achieved: no term 'achieved'"),
        ({"objects": [{"name": "a"}]}, r"objects\[0\].size_m: missing"),
        ({"ground": {"fricton": 1}}, r"ground.fricton: unknown key"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_file_and_key(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TaskDefinitionError, match=rf"^robots/my_cart\.yaml: {message}"):
        declared(**changes)


def test_a_file_without_a_robot_says_so() -> None:
    with pytest.raises(TaskDefinitionError, match=r"^robots/my_cart.yaml: robot.control.mode: missing"):
        declare({}, source=SOURCE)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"robot__joints": ["slider_to_car"]}, r"joints: .* no joint 'slider_to_car'; did you mean 'slider_to_cart'"),
        ({"observations__pole_angle__joints": ["cart_to_pol"]}, r"observations.pole_angle: joints: .* did you mean"),
    ],
)
def test_a_name_that_the_model_does_not_have_is_named_when_it_is_loaded(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TaskDefinitionError, match=message):
        RobotBatch(declared(**changes), num_envs=1, seed=0)


@pytest.fixture
def turned_arm(tmp_path: Path) -> Callable[..., TaskSpec]:
    """Declare an arm whose y axis is ahead."""
    write_arm(tmp_path, ('<link name="base"/>', f'<link name="base">{INERTIAL}</link>'))

    def make(**changes: Any) -> TaskSpec:
        robot = {
            "model": "arm.urdf", "joints": ["shoulder", "elbow"], "control": {"mode": "effort", "effort": 1},
            "camera": {"distance_m": 1}, "base_axes": [0, 0, math.sqrt(0.5), math.sqrt(0.5)], **changes,
        }  # fmt: skip
        mapping = {
            "robot": robot, "physics_dt_s": 0.01, "control_dt_s": 0.01, "episode_length_s": 1,
            "observations": {"v": {"term": "base_linear_velocity_b"}}, "rewards": {"alive": {"weight": 1}},
        }  # fmt: skip
        return declare(mapping, source=tmp_path / "arm.yaml")

    return make


def test_a_model_that_looks_along_y_moves_ahead_along_its_y(turned_arm: Callable[..., TaskSpec]) -> None:
    """It starts upright with ahead along the world's x; its own y axis is there."""
    with batches_of(turned_arm()) as make:
        batch = make(1)
        batch.reset()
        state = batch.mdp.simulation.state
        np.testing.assert_allclose(state.base_quaternion_w[0], (0, 0, 0, 1), atol=1e-12)
        state.base_linear_velocity_w[0] = (1.0, 0.0, 0.0)
        state.forget_derived()
        np.testing.assert_allclose(state.base_linear_velocity_b[0], (1, 0, 0), atol=1e-12)


def test_a_fixed_root_is_turned_as_well(turned_arm: Callable[..., TaskSpec]) -> None:
    with batches_of(turned_arm(is_fixed=True, base_link="upper")) as make:
        batch = make(1)
        batch.reset()
        np.testing.assert_allclose(batch.mdp.simulation.state.base_quaternion_w[0], (0, 0, 0, 1), atol=1e-7)


def test_passive_joints_are_in_the_state() -> None:
    assert declared().robot.all_joints == (CART, POLE)
