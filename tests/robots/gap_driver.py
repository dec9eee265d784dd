"""A driver without learning, which shows that a navigation task can be done: it heads for the goal, or the nearest gap.

It sees what a policy sees, the observation only.
"""

from __future__ import annotations

import math

import numpy as np

from robots.spec import TaskSpec

STEERING = 2.0
"""Turn of the action for each radian from the heading."""


def drive(task: TaskSpec, observations: np.ndarray, *, sight_m: float, room_m: float) -> np.ndarray:
    """Return actions (num_envs, 2) for observations (num_envs, observation_size).

    What is nearer than `sight_m` is passed at a distance of `room_m`.
    """
    lidar = task.robot.lidar
    assert lidar is not None
    half = math.radians(lidar.field_of_view_deg) / 2
    angles = np.linspace(-half, half, lidar.num_rays, endpoint=lidar.field_of_view_deg < 360.0)
    actions = np.empty((len(observations), 2))
    for row, observation in enumerate(observations):
        ranges_m = observation[: lidar.num_rays] * lidar.range_m
        distance, cosine, sine = observation[lidar.num_rays : lidar.num_rays + 3]
        goal, sight = math.atan2(sine, cosine), min(sight_m, distance / task.observations["goal_distance"].scale)
        heading = _nearest_free(goal, angles, ranges_m, sight_m=sight, room_m=room_m)
        actions[row] = max(0.3, 1.0 - abs(heading)), np.clip(STEERING * heading, -1.0, 1.0)
    return actions


def _nearest_free(goal: float, angles: np.ndarray, ranges_m: np.ndarray, *, sight_m: float, room_m: float) -> float:
    """Return the free direction that is nearest to the goal's; to the left if there is none."""
    directions = np.append(angles, goal)
    is_free = np.ones(len(directions), dtype=bool)
    for angle, range_m in zip(angles, ranges_m, strict=True):
        if range_m < sight_m:
            is_free &= _apart(directions, angle) > math.asin(min(1.0, room_m / range_m))
    if not is_free.any():
        return math.pi
    free = directions[is_free]
    return float(free[_apart(free, goal).argmin()])


def _apart(first: np.ndarray, second: float) -> np.ndarray:
    return np.abs((first - second + math.pi) % (2.0 * math.pi) - math.pi)
