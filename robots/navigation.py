"""What every task of driving to a goal has in common: the arena, the observation, the reward, the ends.

robots/husky.py and robots/racecar.py give it their robot and their sizes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from robots.arena import Arena, Footprint
from robots.errors import TaskDefinitionError
from robots.spec import (
    Camera,
    CommandTerm,
    CurriculumTerm,
    Ground,
    ObjectKind,
    ObjectSpec,
    ObservationTerm,
    ResetTerm,
    RewardTerm,
    RobotSpec,
    Solver,
    SuccessTerm,
    TaskSpec,
    TerminationTerm,
)
from robots.terms import curriculum, navigation, observations, rewards, terminations

GOAL = "goal"
CLUTTER = "clutter"
TO_GOAL = {"command": GOAL}
BODY = {"collision_links": "all"}
MAX_OBSTACLES = 32
"""Chosen: an arena of the default size is then full."""
ARENA_RANGE_M = (4.0, 20.0)
"""Chosen: both robots can turn in the smallest one, and cross the largest one within the time limit."""
NUM_SOLVER_ITERATIONS = 20
"""Chosen: top speeds and yaw rates are within 4 % of those with PyBullet's 50, in less time."""
PARKED_Z_M = -20.0
"""Where obstacles are that an episode does not use: below the ground, out of every ray."""
BOX_COLOR = (0.85, 0.45, 0.2, 1.0)
CYLINDER_COLOR = (0.3, 0.45, 0.7, 1.0)
GOAL_COLOR = (0.2, 0.75, 0.3, 0.9)


@dataclass(frozen=True, kw_only=True)
class Course:
    """The sizes of a navigation task."""

    arena_m: float
    """Side of the arena; start and goal are at least half of it apart."""
    clearance_m: float
    """As in Arena."""
    passage_m: float
    """As in Arena."""
    cell_m: float
    """As in Arena."""
    num_obstacles: int
    obstacle_sizes_m: tuple[float, ...]
    """Radius of a cylinder, half the length of a box; they take turns."""
    obstacle_height_m: float
    goal_radius_m: float
    """Distance of the base from the goal at which it is reached."""
    episode_length_s: float
    top_speed_m_s: float
    top_yaw_rate_rad_s: float
    has_friction_pyramid: bool = False
    """As in the Solver."""


def navigate(task_id: str, robot: RobotSpec, course: Course) -> TaskSpec:
    """Return the task of driving this robot to a goal. Raises TaskDefinitionError for sizes that are not allowed."""
    assert robot.lidar is not None
    _check_range(f"{task_id}: task_params.num_obstacles", course.num_obstacles, (0, MAX_OBSTACLES))
    _check_range(f"{task_id}: task_params.arena_m", course.arena_m, ARENA_RANGE_M)
    footprints = _footprints(course)
    arena = Arena(
        side_m=course.arena_m,
        goal_distance_m=course.arena_m / 2,
        clearance_m=course.clearance_m,
        passage_m=course.passage_m,
        cell_m=course.cell_m,
        obstacles=footprints,
    )
    reached = {**TO_GOAL, **BODY, "radius_m": course.goal_radius_m}
    return TaskSpec(
        id=task_id,
        robot=replace(robot, camera=_overview(course.arena_m)),
        physics_dt_s=0.02,
        control_dt_s=0.1,
        episode_length_s=course.episode_length_s,
        ground=Ground(lateral_friction=1.0),
        solver=Solver(num_iterations=NUM_SOLVER_ITERATIONS, has_friction_pyramid=course.has_friction_pyramid),
        objects=(*_obstacles(footprints), _goal_marker(course.goal_radius_m)),
        resets={
            "layout": ResetTerm(function=navigation.lay_out, params={"arena": arena}, curriculum=CLUTTER),
        },
        commands={GOAL: CommandTerm(function=navigation.goal_of_layout, size=2)},
        curriculum={CLUTTER: CurriculumTerm(function=curriculum.success_step, params={"up": 0.1, "down": 0.05})},
        observations=_observations(robot.lidar.range_m, course),
        rewards=_rewards(reached),
        reward_range=(-7.0, 11.0),
        terminations={
            "reached_goal": TerminationTerm(function=navigation.has_reached_goal, params=reached),
            "collision": TerminationTerm(function=navigation.has_collided, params=BODY),
            "tipped_over": TerminationTerm(function=terminations.tilt_beyond, params={"limit_rad": 1.0}),
        },
        success=SuccessTerm(function=navigation.has_reached_goal, params=reached),
    )


def _observations(lidar_range_m: float, course: Course) -> dict[str, ObservationTerm]:
    return {
        "lidar": ObservationTerm(function=navigation.lidar_range, scale=1.0 / lidar_range_m),
        "goal_distance": ObservationTerm(function=navigation.goal_distance, params=TO_GOAL, scale=0.1),
        "goal_direction": ObservationTerm(function=navigation.goal_direction, params=TO_GOAL),
        "speed": ObservationTerm(function=navigation.speed_ahead, scale=1.0 / course.top_speed_m_s),
        "yaw_rate": ObservationTerm(function=navigation.yaw_rate, scale=1.0 / course.top_yaw_rate_rad_s),
        "last_action": ObservationTerm(function=observations.last_action),
    }


def _rewards(reached: dict[str, Any]) -> dict[str, RewardTerm]:
    return {
        "goal_progress": RewardTerm(function=navigation.goal_progress, weight=1.0, params=TO_GOAL),
        "reached_goal": RewardTerm(function=navigation.has_reached_goal, weight=10.0, params=reached),
        "collision": RewardTerm(function=navigation.has_collided, weight=-5.0, params=BODY),
        "time": RewardTerm(function=rewards.alive, weight=-0.02),
        "action_rate": RewardTerm(function=rewards.action_rate_l2, weight=-0.01),
    }


def _check_range(where: str, value: float, allowed: tuple[float, float]) -> None:
    lowest, highest = allowed
    if not lowest <= value <= highest:
        raise TaskDefinitionError(f"{where}: got {value}; allowed: {lowest:g} to {highest:g}")


def _overview(arena_m: float) -> Camera:
    """Return a camera that sees the whole arena."""
    return Camera(distance_m=1.25 * arena_m, yaw_deg=0.0, pitch_deg=-55.0, follows_base=False)


def _footprints(course: Course) -> tuple[Footprint, ...]:
    """Return cylinders and boxes in turn, each of every size."""
    footprints = []
    for index in range(course.num_obstacles):
        size_m = course.obstacle_sizes_m[index // 2 % len(course.obstacle_sizes_m)]
        shape = {"radius_m": size_m} if index % 2 == 0 else {"half_x_m": size_m, "half_y_m": 0.6 * size_m}
        footprints.append(Footprint(height_m=course.obstacle_height_m, **shape))
    return tuple(footprints)


def _obstacles(footprints: tuple[Footprint, ...]) -> tuple[ObjectSpec, ...]:
    objects = []
    for index, each in enumerate(footprints):
        is_round = each.radius_m > 0.0
        size_m = (each.radius_m, each.height_m) if is_round else (each.half_x_m, each.half_y_m, each.height_m / 2)
        objects.append(
            ObjectSpec(
                name=f"obstacle_{index}",
                shape="cylinder" if is_round else "box",
                size_m=size_m,
                kind=ObjectKind.FIXED,
                start_position_w=(2.0 * index, 0.0, PARKED_Z_M),
                color_rgba=CYLINDER_COLOR if is_round else BOX_COLOR,
            )
        )
    return tuple(objects)


def _goal_marker(radius_m: float) -> ObjectSpec:
    return ObjectSpec(
        name="goal_marker",
        shape="cylinder",
        size_m=(radius_m, 0.02),
        kind=ObjectKind.GHOST,
        start_position_w=(0.0, 0.0, 0.01),
        color_rgba=GOAL_COLOR,
        follows=GOAL,
    )
