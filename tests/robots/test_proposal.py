"""A proposal suits the robot: what stands still, what is driven, what is learnt; and its YAML is a task that works."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from engine.protocol.yaml_loader import parse_yaml
from robots.bullet.inspection import Inspection
from robots.bullet.loading import find_model
from robots.contract import batches_of
from robots.declared import declare
from robots.gains import choose_gains, max_effort, needed_effort
from robots.model_file import declared_motors
from robots.proposal import Goal, Proposal, propose
from robots.propose import write
from robots.spec import TaskSpec
from tests.robots.models import write_arm, write_hopper

PACKAGED = (
    "biped/biped2d_pybullet.urdf", "r2d2.urdf", "laikago/laikago_toes.urdf", "quadruped/minitaur.urdf",
    "kuka_iiwa/model.urdf", "cartpole.urdf", "mjcf/ant.xml", "mjcf/hopper.xml",
)  # fmt: skip
STANDING = (
    "r2d2.urdf", "mjcf/ant.xml", "mjcf/hopper.xml",
    pytest.param("laikago/laikago_toes.urdf", marks=pytest.mark.slow),
    pytest.param("quadruped/minitaur.urdf", marks=pytest.mark.slow),
)  # fmt: skip
"""Robots that their proposed stance and gains hold up; the biped in a plane falls slowly."""


def inspect(model: str, *, is_fixed: bool | None = None) -> Proposal:
    inspection = Inspection(model)
    try:
        return propose(
            lambda pose, axes: inspection.measure(pose, base_axes=axes),
            declared_motors(find_model(model)),
            is_fixed=is_fixed,
        )
    finally:
        inspection.close()


@pytest.fixture(scope="module")
def proposals() -> Mapping[str, Proposal]:
    return {name: inspect(f"pybullet_data/{name}") for name in PACKAGED}


@pytest.mark.parametrize(
    ("name", "goal", "num_driven", "is_fixed"),
    [
        ("biped/biped2d_pybullet.urdf", Goal.WALK, 6, True),
        ("r2d2.urdf", Goal.WALK, 8, False),
        ("laikago/laikago_toes.urdf", Goal.WALK, 12, False),
        ("quadruped/minitaur.urdf", Goal.WALK, 16, False),
        ("kuka_iiwa/model.urdf", Goal.REACH, 7, True),
        ("cartpole.urdf", Goal.BALANCE, 1, True),
        ("mjcf/ant.xml", Goal.WALK, 8, False),
        ("mjcf/hopper.xml", Goal.WALK, 3, True),
    ],
)
def test_the_kind_of_robot_is_recognised(
    proposals: Mapping[str, Proposal], name: str, goal: Goal, num_driven: int, is_fixed: bool
) -> None:
    found = proposals[name]
    assert (found.goal, len(found.driven), found.is_fixed) == (goal, num_driven, is_fixed)


def test_a_robot_in_a_plane_is_carried_by_sliding_joints(proposals: Mapping[str, Proposal]) -> None:
    biped = proposals["biped/biped2d_pybullet.urdf"]
    assert [joint.name for joint in biped.root_joints] == ["y_to_world", "z_to_y", "torso_to_z"]
    assert biped.base_link == "torso"


def test_ahead_is_where_wheels_roll(proposals: Mapping[str, Proposal]) -> None:
    """r2d2's axles lie along x, so it rolls along y."""
    r2d2 = proposals["r2d2.urdf"]
    assert len(r2d2.wheels) == 4
    assert r2d2.base_axes == pytest.approx((0, 0, math.sqrt(0.5), math.sqrt(0.5)))


def test_up_is_where_limbs_do_not_point(proposals: Mapping[str, Proposal]) -> None:
    """Laikago's own file has y up."""
    assert proposals["laikago/laikago_toes.urdf"].base_axes == (-0.5, -0.5, -0.5, 0.5)
    assert proposals["laikago/laikago_toes.urdf"].base_height_m > 0.45


def test_joints_begin_within_their_limits(proposals: Mapping[str, Proposal]) -> None:
    """Ankle 1 of the ant can be at 0.52 to 1.75 rad; a tenth of the range is kept free."""
    assert proposals["mjcf/ant.xml"].stance["ankle_1"] == pytest.approx(0.524 + 0.122, abs=0.01)


def test_legs_that_point_up_are_turned_down(proposals: Mapping[str, Proposal]) -> None:
    assert proposals["quadruped/minitaur.urdf"].base_height_m > 0.3


def test_what_swings_without_motor_is_passive(proposals: Mapping[str, Proposal]) -> None:
    assert [joint.name for joint in proposals["cartpole.urdf"].passive] == ["cart_to_pole"]


def test_an_arm_on_a_frame_stands_still_unless_it_is_said_to_move(tmp_path: Path) -> None:
    path = str(write_arm(tmp_path))
    assert inspect(path).goal is Goal.REACH
    assert inspect(path, is_fixed=False).goal is Goal.WALK


def test_motors_of_an_mjcf_say_what_is_driven(tmp_path: Path) -> None:
    (hip,) = inspect(str(write_hopper(tmp_path))).driven
    assert (hip.name, hip.max_effort) == ("hip", 60.0)


def test_masses_and_levers_are_those_of_the_model(tmp_path: Path) -> None:
    """Beyond the elbow: 0.5 kg, 0.15 m away. Beyond the shoulder: 1.0 kg at 0.2 m and 0.5 kg at 0.55 m."""
    shoulder, elbow = inspect(str(write_arm(tmp_path))).driven
    assert (elbow.carried_mass_kg, elbow.centre_distance_m) == pytest.approx((0.5, 0.15))
    assert (shoulder.carried_mass_kg, shoulder.centre_distance_m) == pytest.approx((1.5, (0.2 + 0.275) / 1.5))
    assert shoulder.inertia > 1.0 * 0.2**2 + 0.5 * 0.55**2


def test_an_arms_effort_carries_it(tmp_path: Path) -> None:
    """0.5 kg * 9.81 m/s² * 0.15 m = 0.74 N·m hold the lower arm level; of 20 N·m thrice the need is taken."""
    arm = inspect(str(write_arm(tmp_path)))
    elbow = arm.driven[1]
    assert needed_effort(elbow, arm) > 0.5 * 9.81 * 0.15
    assert max_effort(elbow, arm) == pytest.approx(3 * needed_effort(elbow, arm))


def test_a_larger_step_makes_gains_softer(tmp_path: Path) -> None:
    """Stiffness over inertia is at most (0.25 / step)²."""
    arm = inspect(str(write_arm(tmp_path)))
    elbow = arm.driven[1]
    soft = choose_gains(elbow, arm, physics_dt_s=0.1)
    assert soft.stiffness == pytest.approx(elbow.inertia * 2.5**2)
    assert soft.damping == pytest.approx(1.4 * elbow.inertia * 2.5)
    assert choose_gains(elbow, arm, physics_dt_s=0.005).stiffness > soft.stiffness


@pytest.mark.parametrize("name", PACKAGED)
def test_the_proposed_file_is_a_task_that_plays(name: str) -> None:
    with batches_of(proposed_task(name)) as make:
        batch = make(1)
        batch.reset()
        for _ in range(5):
            batch.step(batch.action_space.sample()[None])


@pytest.mark.parametrize("name", STANDING)
def test_the_proposed_stance_holds_for_a_second(name: str) -> None:
    task = proposed_task(name)
    with batches_of(task) as make:
        batch = make(1)
        batch.reset()
        episodes = [batch.step(batch.action_space.sample()[None] * 0).episodes for _ in range(50)]
    assert not any(episodes)


@functools.cache
def proposed_task(name: str) -> TaskSpec:
    found = write(f"pybullet_data/{name}", name="robot", file="robot.yaml")
    return declare(parse_yaml(found.text, source="robot.yaml"), source=Path("robot.yaml"))
