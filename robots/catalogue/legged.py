"""The entries of the quadrupeds that follow velocity commands."""

from __future__ import annotations

from robots.catalogue.entry import TaskEntry, TaskParam

PARAMS = (
    TaskParam(
        name="terrain", default="flat", meaning="Ground: level, uneven, or stairs.", choices=("flat", "rough", "stairs")
    ),
    TaskParam(name="push_m_s", default=0.5, meaning="Largest change of speed by a push, in m/s; 0: no pushes."),
    TaskParam(
        name="randomize", default=False, meaning="Whether friction, mass and sensors vary from episode to episode."
    ),
)

ENTRIES = (
    TaskEntry(
        id="a1_walk",
        factory="robots.a1:a1_walk",
        summary="Walk and turn as commanded with the Unitree A1 quadruped.",
        robot="a1",
        observation_size=48,
        action_size=12,
        solved_return=1350.0,
        random_return=-144.0,
        episode_length_s=20.0,
        control_dt_s=0.02,
        family="legged",
        licence="MPL-2.0, bullet3 (pybullet_data/a1, a Unitree A1)",
        params=PARAMS,
    ),
    TaskEntry(
        id="laikago_walk",
        factory="robots.laikago:laikago_walk",
        summary="Walk and turn as commanded with the Unitree Laikago quadruped.",
        robot="laikago",
        observation_size=48,
        action_size=12,
        solved_return=1350.0,
        random_return=-27.0,
        episode_length_s=20.0,
        control_dt_s=0.02,
        family="legged",
        licence="zlib, bullet3 (pybullet_data/laikago; meshes from Unitree's CAD model, by permission)",
        params=PARAMS,
    ),
    TaskEntry(
        id="aliengo_walk",
        factory="robots.aliengo:aliengo_walk",
        summary="Walk and turn as commanded with the Unitree Aliengo quadruped.",
        robot="aliengo",
        observation_size=48,
        action_size=12,
        solved_return=1350.0,
        random_return=-44.0,
        episode_length_s=20.0,
        control_dt_s=0.02,
        family="legged",
        licence="zlib, bullet3 (pybullet_data/aliengo, a Unitree Aliengo)",
        params=PARAMS,
    ),
    TaskEntry(
        id="mini_cheetah_walk",
        factory="robots.mini_cheetah:mini_cheetah_walk",
        summary="Walk and turn as commanded with the MIT Mini Cheetah quadruped.",
        robot="mini_cheetah",
        observation_size=48,
        action_size=12,
        solved_return=1350.0,
        random_return=-22.0,
        episode_length_s=20.0,
        control_dt_s=0.02,
        family="legged",
        licence="zlib, bullet3 (pybullet_data/mini_cheetah, an MIT Mini Cheetah)",
        params=PARAMS,
    ),
)
