"""The UFACTORY xArm 6, an arm of six joints without a gripper, and its goal task."""

from __future__ import annotations

from dataclasses import replace

from robots.control import EndEffectorControl
from robots.spec import RobotSpec, TaskSpec
from robots.tabletop import CAMERA, GOALS_ABOVE_TABLE, Scene, goal_task, hand_terms

HAND = "link6"
"""Flange; its origin is on the face that tools are screwed to."""
NEUTRAL = {"joint1": 0.0, "joint2": 0.22, "joint3": -0.83, "joint4": 0.0, "joint5": 0.61, "joint6": 0.0}
"""rad; the hand points down at (0, 0, 0.2), about the middle of the goals."""

XARM = RobotSpec(
    name="xarm",
    model="pybullet_data/xarm/xarm6_robot_white.urdf",
    joints=tuple(NEUTRAL),
    control=EndEffectorControl(
        link=HAND,
        step_m=0.05,
        quaternion_w=(1.0, 0.0, 0.0, 0.0),
        max_effort=dict(zip(NEUTRAL, (50.0, 50.0, 32.0, 32.0, 32.0, 20.0), strict=True)),  # the model's
    ),
    start_position_w=(-0.45, 0.0, 0.0),
    default_joint_position=NEUTRAL,
    is_fixed=True,
    camera=replace(CAMERA, target_offset_w=(0.3, 0.0, 0.2)),
)


def xarm_reach(reward: str = "sparse") -> TaskSpec:
    """Bring the flange to a point above the table.

    | index | observation                          | unit |
    |-------|--------------------------------------|------|
    | 0-2   | achieved goal: the flange's position | m    |
    | 3-5   | desired goal                         | m    |
    | 6-8   | the flange's position                | m    |
    | 9-11  | the flange's velocity                | m/s  |

    Action, reward, goals and end are those of panda_reach. Chosen: this smaller arm stands 0.45 m behind the middle of
    the goals, so that with its hand down it reaches all of them bent.
    Random actions (uniform, 30 episodes) return -44 on average. SAC with hindsight (configs/xarm_reach/sac.yaml)
    returns -1.8 ± 0.9 after 10k timesteps, with success in all of 100 episodes (seed 1). -5 counts as solved, as for
    panda_reach.
    """
    return goal_task("xarm_reach", XARM, Scene(goals=GOALS_ABOVE_TABLE), observations=hand_terms(HAND), reward=reward)
