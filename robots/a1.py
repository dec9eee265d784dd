"""The Unitree A1, a quadruped of 12 kg with 12 driven joints."""

from __future__ import annotations

from robots.quadruped import FLAT, REACH_RAD, Quadruped, for_each_leg, walk
from robots.spec import Camera, PositionControl, RobotSpec, TaskSpec

LEGS = ("FR", "FL", "RR", "RL")
JOINTS = ("{leg}_hip_joint", "{leg}_upper_joint", "{leg}_lower_joint")
STANCE_RAD = (0.0, 0.9, -1.8)
"""rad; puts each foot below its hip, as motion_imitation's A1 does."""

A1 = RobotSpec(
    name="a1",
    model="pybullet_data/a1/a1.urdf",
    joints=tuple(for_each_leg(LEGS, JOINTS, STANCE_RAD)),
    control=PositionControl(
        action_scale_rad=for_each_leg(LEGS, JOINTS, REACH_RAD),
        stiffness=40.0,
        damping=1.0,
    ),
    start_position_w=(0.0127, 0.0022, 0.29),
    default_joint_position=for_each_leg(LEGS, JOINTS, STANCE_RAD),
    camera=Camera(distance_m=1.1),
)
QUADRUPED = Quadruped(
    robot=A1,
    trunk="trunk",
    feet=tuple(f"{leg}_toe" for leg in LEGS),
    legs=tuple(f"{leg}_{part}" for leg in LEGS for part in ("upper", "lower")),
    min_height_m=0.15,
    effort_weight=-1e-4,
)


def a1_walk(terrain: str = FLAT, push_m_s: float = 0.5, randomize: bool = False) -> TaskSpec:
    """Walk with the Unitree A1 as commanded: speeds ahead and to the left and a yaw rate.

    | index | observation                                                       | unit     |
    |-------|-------------------------------------------------------------------|----------|
    | 0-2   | base's velocity ahead, to the left, up                            | 0.5 m/s  |
    | 3-5   | base's rate of roll, pitch, yaw                                   | 4 rad/s  |
    | 6-8   | direction of gravity in the base's frame                          | -        |
    | 9-10  | commanded speed ahead, to the left                                | 0.5 m/s  |
    | 11    | commanded yaw rate                                                | rad/s    |
    | 12-23 | joint angles from the stance: hip, upper, lower of FR, FL, RR, RL | rad      |
    | 24-35 | joint velocities, in the same order                               | 20 rad/s |
    | 36-47 | last action, in the same order                                    | -        |

    On rough ground and stairs 45 numbers follow: how far below the base the ground is, from 0.8 m behind to 0.8 m
    ahead. An action shifts joints' targets by up to 0.4 rad from the stance, 0.2 rad at the hips. Commands are drawn
    anew every 5 to 10 s; every 10 to 15 s a push changes the velocity. robots/quadruped.py names sources.

    An episode ends when the trunk touches the ground, is less than 0.15 m above it or leans by more than 1 rad, off the
    tiles of uneven ground, or after 20 s (1000 steps). Perfect tracking earns 2.25 a step, 2250 an episode. "Solved" is
    chosen: 1350, three fifths of that. Random actions (uniform, 30 episodes) return -144, standing still 508,
    and PPO after 2 000 000 steps 1477 (one seed, no exploration, 50 episodes): it follows commands within 0.05 m/s and
    0.17 rad/s on the mean, and tips over in a fifth of the episodes.
    """
    return walk("a1_walk", QUADRUPED, terrain=terrain, push_m_s=push_m_s, randomize=randomize)
