"""The entries of the quadrupeds that follow velocity commands."""

from __future__ import annotations

from robots.catalogue.entry import TaskEntry

ENTRIES = (
    TaskEntry(
        id="a1_walk",
        factory="robots.a1:a1_walk",
        summary="Trot ahead at 0.5 m/s with the Unitree A1 quadruped.",
        robot="a1",
        observation_size=45,
        action_size=12,
        solved_return=500.0,
        random_return=-59.0,
        episode_length_s=10.0,
        control_dt_s=0.02,
        family="legged",
        licence="MPL-2.0, bullet3 (pybullet_data/a1, a Unitree A1)",
    ),
)
