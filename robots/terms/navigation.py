"""Terms of robots that drive to a goal past obstacles. The goal is a command: its x and y in the world (m).

The direction of the goal is from the heading, as the rays of the lidar are: level, turned by the yaw only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robots.arena import Arena, draw_layout

if TYPE_CHECKING:
    from robots.state import Indices, Start, State

GOAL = "goal"
"""What `lay_out` leaves for `goal_of_layout` in Start.extra."""


def lay_out(start: Start, rngs: list[np.random.Generator], arena: Arena, level: np.ndarray) -> None:
    """Draw start, heading, goal and obstacles.

    The arena's obstacles are the task's first objects; those that an episode does not use stay where they are declared.
    At level 0 there is none, at level 1 there are all for which there is room.
    """
    start.extra[GOAL] = np.empty((len(rngs), 2))
    for row, rng in enumerate(rngs):
        layout = draw_layout(arena, rng, num_obstacles=round(float(level[row]) * len(arena.obstacles)))
        start.base_position_w[row, :2] = layout.start.x, layout.start.y
        start.base_quaternion_w[row] = _yaw_quaternion(layout.start.yaw)
        start.extra[GOAL][row] = layout.goal
        for index, pose in layout.obstacles.items():
            start.object_position_w[row, index] = pose.x, pose.y, arena.obstacles[index].height_m / 2
            start.object_quaternion_w[row, index] = _yaw_quaternion(pose.yaw)


def goal_of_layout(start: Start, rngs: list[np.random.Generator]) -> np.ndarray:
    """Return the goals (num_rows, 2) that `lay_out` has drawn, in m."""
    if GOAL not in start.extra:
        raise ValueError("needs the reset navigation.lay_out, which draws goals when episodes begin, and no resample_s")
    return start.extra[GOAL]


def lidar_range(state: State) -> np.ndarray:
    """Return the distances that the lidar measures (num_envs, num_rays), in m, the rightmost ray first."""
    return state.lidar_range_m


def goal_distance(state: State, command: Indices) -> np.ndarray:
    """Return how far away the goal is (num_envs, 1), in m."""
    return _distance(state, state.command[:, command])[:, None]


def goal_direction(state: State, command: Indices) -> np.ndarray:
    """Return cosine and sine of the angle from the heading to the goal (num_envs, 2), counter-clockwise."""
    to_goal = state.command[:, command] - state.base_position_w[:, :2]
    _, _, yaw = state.base_roll_pitch_yaw
    angle = np.arctan2(to_goal[:, 1], to_goal[:, 0]) - yaw
    return np.stack((np.cos(angle), np.sin(angle)), axis=1)


def speed_ahead(state: State) -> np.ndarray:
    """Return the base's speed ahead (num_envs, 1), in m/s."""
    return state.base_linear_velocity_b[:, :1]


def yaw_rate(state: State) -> np.ndarray:
    """Return how fast the base turns (num_envs, 1), in rad/s, counter-clockwise."""
    return state.base_angular_velocity_b[:, 2:]


def goal_progress(state: State, command: Indices) -> np.ndarray:
    """Return how much nearer the goal came during the step, in m."""
    goal_w = state.command[:, command]
    return _distance(state.previous, goal_w) - _distance(state, goal_w)


def has_collided(state: State, collision_links: Indices) -> np.ndarray:
    """Return whether any of the links touches an object.

    A termination, and as 0 or 1 a reward term.
    """
    return np.any(state.link_collision[:, collision_links] > 0.0, axis=1)


def has_reached_goal(state: State, command: Indices, collision_links: Indices, radius_m: float) -> np.ndarray:
    """Return whether the base is within the radius of the goal and nothing is touched.

    A termination, and as 0 or 1 a reward term.
    """
    return (_distance(state, state.command[:, command]) < radius_m) & ~has_collided(state, collision_links)


def _distance(state: State, goal_w: np.ndarray) -> np.ndarray:
    return np.hypot(*(goal_w - state.base_position_w[:, :2]).T)


def _yaw_quaternion(yaw: float) -> tuple[float, float, float, float]:
    return (0.0, 0.0, float(np.sin(yaw / 2)), float(np.cos(yaw / 2)))
