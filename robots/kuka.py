"""The KUKA LBR iiwa, an arm of seven joints without a gripper, and its goal task."""

from __future__ import annotations

from robots.control import EndEffectorControl
from robots.spec import RobotSpec, TaskSpec
from robots.tabletop import CAMERA, HALF_RANGE_M, Scene, goal_task, goals_between, hand_terms

HAND = "lbr_iiwa_link_7"
"""Flange; its origin is nearly 5 cm above the face that tools are screwed to."""
NEUTRAL = {
    "lbr_iiwa_joint_1": 0.0,
    "lbr_iiwa_joint_2": 0.89,
    "lbr_iiwa_joint_3": 0.0,
    "lbr_iiwa_joint_4": -1.5,
    "lbr_iiwa_joint_5": 0.0,
    "lbr_iiwa_joint_6": 0.75,
    "lbr_iiwa_joint_7": 0.0,
}
"""rad; the hand points down at (0, 0, 0.25), about the middle of the goals."""

KUKA = RobotSpec(
    name="kuka",
    model="pybullet_data/kuka_iiwa/model.urdf",
    joints=tuple(NEUTRAL),
    control=EndEffectorControl(
        link=HAND,
        step_m=0.05,
        quaternion_w=(0.0, 1.0, 0.0, 0.0),
        max_effort=dict.fromkeys(NEUTRAL, 300.0),  # the model's
        min_height_m=0.05,
    ),
    start_position_w=(-0.6, 0.0, 0.0),
    default_joint_position=NEUTRAL,
    is_fixed=True,
    camera=CAMERA,
)


def kuka_reach(reward: str = "sparse") -> TaskSpec:
    """Bring the flange to a point above the table.

    | index | observation                          | unit |
    |-------|--------------------------------------|------|
    | 0-2   | achieved goal: the flange's position | m    |
    | 3-5   | desired goal                         | m    |
    | 6-8   | the flange's position                | m    |
    | 9-11  | the flange's velocity                | m/s  |

    Action, reward and end are those of panda_reach. Goals are uniform in a box of 0.3 m that begins 0.1 m above the
    table. Chosen: with its hand down the arm is neither stretched at any of them (0.82 m from shoulder to wrist) nor
    folded up to the limit of joint 4 (0.41 m).
    Random actions (uniform, 30 episodes) return -43 on average. SAC with hindsight (configs/kuka_reach/sac.yaml)
    returns -1.3 ± 0.8 after 10k timesteps, with success in all of 100 episodes (seed 1). -5 counts as solved, as for
    panda_reach.
    """
    scene = Scene(goals=goals_between((-HALF_RANGE_M, -HALF_RANGE_M, 0.1), (HALF_RANGE_M, HALF_RANGE_M, 0.4)))
    return goal_task("kuka_reach", KUKA, scene, observations=hand_terms(HAND), reward=reward)
