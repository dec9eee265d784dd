"""The MIT Mini Cheetah, a quadruped of 9 kg with 12 driven joints."""

from __future__ import annotations

from robots.quadruped import FLAT, REACH_RAD, Quadruped, for_each_leg, walk
from robots.spec import Camera, PositionControl, RobotSpec, TaskSpec

LEGS = ("fr", "fl", "hr", "hl")
JOINTS = ("torso_to_abduct_{leg}_j", "abduct_{leg}_to_thigh_{leg}_j", "thigh_{leg}_to_knee_{leg}_j")
STANCE_RAD = (0.0, -0.73, 1.6)
"""rad; puts each foot below its hip. Thigh and knee turn the other way round than in Unitree's models."""
EFFORT_N_M = (18.0, 18.0, 28.0)
"""The model names none: motors of 3 N·m, geared 6:1 and at the knee 9.33:1 (Cheetah-Software, MiniCheetah.h)."""

MINI_CHEETAH = RobotSpec(
    name="mini_cheetah",
    model="pybullet_data/mini_cheetah/mini_cheetah.urdf",
    joints=tuple(for_each_leg(LEGS, JOINTS, STANCE_RAD)),
    control=PositionControl(
        action_scale_rad=for_each_leg(LEGS, JOINTS, REACH_RAD),
        stiffness=30.0,
        damping=0.7,
        max_effort=for_each_leg(LEGS, JOINTS, EFFORT_N_M),
    ),
    start_position_w=(0.0, 0.0, 0.31),
    default_joint_position=for_each_leg(LEGS, JOINTS, STANCE_RAD),
    camera=Camera(distance_m=1.1),
)
QUADRUPED = Quadruped(
    robot=MINI_CHEETAH,
    trunk="body",
    # Shank and toe touch the ground together: the shank's shape reaches around the toe.
    feet=tuple(f"shank_{leg}" for leg in LEGS),
    legs=tuple(f"thigh_{leg}" for leg in LEGS),
    min_height_m=0.15,
    effort_weight=-1e-4,
)


def mini_cheetah_walk(terrain: str = FLAT, push_m_s: float = 0.5, randomize: bool = False) -> TaskSpec:
    """Walk with the MIT Mini Cheetah as commanded: speeds ahead and to the left and a yaw rate.

    | index | observation                                                       | unit     |
    |-------|-------------------------------------------------------------------|----------|
    | 0-2   | base's velocity ahead, to the left, up                            | 0.5 m/s  |
    | 3-5   | base's rate of roll, pitch, yaw                                   | 4 rad/s  |
    | 6-8   | direction of gravity in the base's frame                          | -        |
    | 9-10  | commanded speed ahead, to the left                                | 0.5 m/s  |
    | 11    | commanded yaw rate                                                | rad/s    |
    | 12-23 | joint angles from the stance: hip, thigh, knee of fr, fl, hr, hl | rad      |
    | 24-35 | joint velocities, in the same order                               | 20 rad/s |
    | 36-47 | last action, in the same order                                    | -        |

    On rough ground and stairs 45 numbers follow: how far below the base the ground is, from 0.8 m behind to 0.8 m
    ahead. An action shifts joints' targets by up to 0.4 rad from the stance, 0.2 rad at the hips. Commands are drawn
    anew every 5 to 10 s; every 10 to 15 s a push changes the velocity. robots/quadruped.py names sources.

    An episode ends when the trunk touches the ground, is less than 0.15 m above it or leans by more than 1 rad, off the
    tiles of uneven ground, or after 20 s (1000 steps). Perfect tracking earns 2.25 a step, 2250 an episode. "Solved" is
    chosen: 1350, three fifths of that. Random actions (uniform, 30 episodes) return -22.
    """
    return walk("mini_cheetah_walk", QUADRUPED, terrain=terrain, push_m_s=push_m_s, randomize=randomize)
