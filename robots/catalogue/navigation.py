"""The entries of the robots that drive to a goal past obstacles."""

from __future__ import annotations

from robots.catalogue.entry import TaskEntry, TaskParam

NUM_OBSTACLES = TaskParam(
    name="num_obstacles",
    default=12,
    meaning="Most obstacles in the arena, from 0 to 32; those for which there is no room are left out.",
)


def _side(default: float) -> TaskParam:
    return TaskParam(
        name="arena_m",
        default=default,
        meaning="Side of the square (m) in which start, goal and obstacles lie.",
    )


ENTRIES = (
    TaskEntry(
        id="racecar_navigate",
        factory="robots.racecar:racecar_navigate",
        summary="Drive a model car to a goal past boxes and cylinders that its lidar sees.",
        robot="racecar",
        observation_size=35,
        action_size=2,
        solved_return=11.0,
        random_return=-7.0,
        episode_length_s=20.0,
        control_dt_s=0.1,
        family="navigation",
        licence="MIT, bullet3's data/racecar/LICENSE.txt (pybullet_data/racecar, a model of the MIT RACECAR)",
        has_success=True,
        params=(NUM_OBSTACLES, _side(8.0)),
    ),
    TaskEntry(
        id="husky_navigate",
        factory="robots.husky:husky_navigate",
        summary="Drive a Clearpath Husky to a goal past boxes and cylinders that its lidar sees.",
        robot="husky",
        observation_size=43,
        action_size=2,
        solved_return=12.0,
        random_return=-9.9,
        episode_length_s=30.0,
        control_dt_s=0.1,
        family="navigation",
        licence="BSD-3-Clause, Clearpath Robotics (husky_description; pybullet_data/husky)",
        has_success=True,
        params=(NUM_OBSTACLES, _side(12.0)),
    ),
)
