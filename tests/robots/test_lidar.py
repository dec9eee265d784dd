"""Rays against boxes and posts whose distances are known by hand, for both robots that have a lidar."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from robots.husky import HUSKY
from robots.racecar import RACECAR
from robots.scene import Ground, ObjectKind, ObjectSpec
from robots.simulation import Simulation
from robots.spec import ObservationTerm, RewardTerm, RobotSpec, TaskSpec
from robots.state import Reads, default_start
from robots.terms import navigation, rewards

PARKED = (0.0, 0.0, -20.0)
WALL = ObjectSpec(name="wall", size_m=(0.5, 1.0, 1.0), kind=ObjectKind.FIXED, start_position_w=PARKED)
POST = ObjectSpec(
    name="post", shape="cylinder", size_m=(0.2, 2.0), kind=ObjectKind.FIXED, start_position_w=(5.0, 0.0, -20.0)
)
GHOST = ObjectSpec(name="ghost", size_m=(0.5, 1.0, 1.0), kind=ObjectKind.GHOST, start_position_w=PARKED)
SPOT = np.array((1.0, 2.0))
"""Where the rays begin."""

Scan = Callable[..., np.ndarray]


@pytest.fixture(params=[RACECAR, HUSKY], ids=lambda robot: robot.name)
def robot(request: pytest.FixtureRequest) -> RobotSpec:
    return request.param


@pytest.fixture
def scan() -> Iterator[Scan]:
    """Place robot and objects, and return what each ray reads (num_rays,)."""
    simulations: list[Simulation] = []

    def read(robot: RobotSpec, *, yaw: float = 0.0, pitch: float = 0.0, **polar: tuple[float, float]) -> np.ndarray:
        """Put the ray's origin at SPOT; an object is given by distance and direction from there, in the heading."""
        task = lidar_task(robot)
        simulation = Simulation(task, num_envs=1, reads=Reads())
        simulations.append(simulation)
        start = default_start(task, simulation.model, num_rows=1)
        assert robot.lidar is not None
        ahead, left, _ = robot.lidar.offset_b
        start.base_position_w[0, :2] = SPOT - turned(yaw) @ (ahead, left)
        start.base_quaternion_w[0] = quaternion(yaw, pitch)
        for index, each in enumerate(task.objects):
            if each.name in polar:
                distance, angle = polar[each.name]
                place = SPOT + turned(yaw) @ (distance * math.cos(angle), distance * math.sin(angle))
                start.object_position_w[0, index] = (*place, 0.5)
                start.object_quaternion_w[0, index] = quaternion(yaw + angle, 0.0)
        simulation.begin([0], start)
        return simulation.state.lidar_range_m[0].copy()

    yield read
    for simulation in simulations:
        simulation.close()


def test_a_ray_that_hits_nothing_reads_its_range(scan: Scan, robot: RobotSpec) -> None:
    """Neither the ground, nor the robot itself, nor what is parked below the ground."""
    assert robot.lidar is not None
    np.testing.assert_array_equal(scan(robot), np.full(robot.lidar.num_rays, robot.lidar.range_m))


@pytest.mark.parametrize("yaw", [0.0, math.pi / 2, -2.5])
def test_a_wall_ahead_is_as_far_as_it_is(scan: Scan, robot: RobotSpec, yaw: float) -> None:
    """Its face is 2 m ahead and reaches 1 m to each side."""
    angles, expected = ray_angles(robot), np.full(len(ray_angles(robot)), lidar_range(robot))
    hits = np.abs(angles) < math.atan2(1.0, 2.0)
    expected[hits] = 2.0 / np.cos(angles[hits])
    np.testing.assert_allclose(scan(robot, yaw=yaw, wall=(2.5, 0.0)), expected, atol=1e-3)
    assert 5 <= hits.sum() <= 6


@pytest.mark.parametrize("angle_deg", [-90.0, -40.0, 45.0, 90.0])
def test_rays_count_from_the_right_to_the_left(scan: Scan, robot: RobotSpec, angle_deg: float) -> None:
    ranges = scan(robot, yaw=0.7, post=(1.5, math.radians(angle_deg)))
    nearest = ray_angles(robot)[ranges.argmin()]
    assert math.degrees(nearest) == pytest.approx(angle_deg, abs=5.1)


def test_the_field_of_view_ends_where_it_is_declared(scan: Scan) -> None:
    """The racecar's first and last ray are 135 degrees from ahead, and it sees nothing behind."""
    to_the_left, to_the_right = (scan(RACECAR, post=(1.2, sign * math.radians(135.0))) for sign in (1, -1))
    assert to_the_left[-1] == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_allclose(to_the_right, to_the_left[::-1], atol=1e-3)
    assert scan(RACECAR, post=(1.2, math.pi)).min() == lidar_range(RACECAR)


def test_a_closed_field_of_view_has_no_ray_twice(scan: Scan) -> None:
    """The husky's first ray points back, between the second and the last; the post covers 11.5 degrees to each side."""
    ranges = scan(HUSKY, post=(1.0, math.pi))
    assert ranges[0] == pytest.approx(0.8, abs=1e-3)
    assert ranges[1] == pytest.approx(ranges[35], abs=1e-3)
    np.testing.assert_array_equal(np.flatnonzero(ranges < lidar_range(HUSKY)), [0, 1, 35])


def test_the_range_ends_between_two_walls(scan: Scan, robot: RobotSpec) -> None:
    limit = lidar_range(robot)
    assert scan(robot, wall=(limit + 0.51, 0.0)).min() == limit
    nearest = scan(robot, wall=(limit + 0.4, 0.0)).min()
    assert nearest == pytest.approx((limit - 0.1) / math.cos(np.abs(ray_angles(robot)).min()), abs=1e-3)


def test_rays_pass_through_the_robot(scan: Scan) -> None:
    """From within the husky's body, at the height of its axles."""
    assert HUSKY.lidar is not None
    inside = replace(HUSKY, lidar=replace(HUSKY.lidar, offset_b=(0.0, 0.0, 0.178)))
    assert scan(inside).min() == HUSKY.lidar.range_m
    assert scan(inside, post=(2.2, 0.0))[18] == pytest.approx(2.0, abs=1e-3)


def test_rays_pass_through_what_is_only_drawn(scan: Scan, robot: RobotSpec) -> None:
    assert scan(robot, ghost=(2.0, 0.0)).min() == lidar_range(robot)


def test_rays_stay_level_when_the_robot_leans(scan: Scan, robot: RobotSpec) -> None:
    level, leaning = (scan(robot, yaw=0.7, pitch=pitch, wall=(2.5, 0.0)) for pitch in (0.0, 0.3))
    np.testing.assert_allclose(leaning, level, atol=1e-3)


def lidar_task(robot: RobotSpec) -> TaskSpec:
    return TaskSpec(
        id="scan",
        robot=robot,
        physics_dt_s=0.02,
        control_dt_s=0.1,
        episode_length_s=1.0,
        ground=Ground(),
        objects=(WALL, POST, GHOST),
        observations={"lidar": ObservationTerm(function=navigation.lidar_range)},
        rewards={"alive": RewardTerm(function=rewards.alive, weight=1.0)},
        reward_range=(0.0, 1.0),
    )


def lidar_range(robot: RobotSpec) -> float:
    assert robot.lidar is not None
    return robot.lidar.range_m


def ray_angles(robot: RobotSpec) -> np.ndarray:
    """28 rays from -135 to 135 degrees, 36 from -180 to 170: 10 degrees apart."""
    first = {"racecar": -135.0, "husky": -180.0}[robot.name]
    assert robot.lidar is not None
    return np.radians(first + 10.0 * np.arange(robot.lidar.num_rays))


def turned(yaw: float) -> np.ndarray:
    return np.array(((math.cos(yaw), -math.sin(yaw)), (math.sin(yaw), math.cos(yaw))))


def quaternion(yaw: float, pitch: float) -> tuple[float, float, float, float]:
    """Return the rotation about z after that about y."""
    (sy, cy), (sp, cp) = ((math.sin(angle / 2), math.cos(angle / 2)) for angle in (yaw, pitch))
    return (-sy * sp, cy * sp, sy * cp, cy * cp)
