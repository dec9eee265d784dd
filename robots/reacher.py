"""The reacher: an arm of two links in a horizontal plane, and a target to point at."""

from __future__ import annotations

from robots.spec import (
    Camera,
    CommandTerm,
    EffortControl,
    ObjectKind,
    ObjectSpec,
    ObservationTerm,
    ResetTerm,
    RewardTerm,
    RobotSpec,
    Solver,
    TaskSpec,
)
from robots.terms import goals, observations, reacher, resets

SHOULDER, ELBOW = "joint0", "joint1"
TARGET = "target"
SPEED_SCALE = 0.1

REACHER = RobotSpec(
    name="reacher",
    model="pybullet_data/mjcf/reacher.xml",
    joints=(SHOULDER, ELBOW),
    control=EffortControl(effort=0.05),  # N·m
    is_fixed=True,
    has_self_collision=True,
    camera=Camera(distance_m=0.75, yaw_deg=0.0, pitch_deg=-70.0),
)


def reacher_reach() -> TaskSpec:
    """Bring the arm's tip to the target, fast and with little power.

    ReacherBulletEnv-v0 of pybullet_envs_gymnasium 0.6.0.

    | index | observation                                             | unit        |
    |-------|---------------------------------------------------------|-------------|
    | 0-1   | target's position                                       | m           |
    | 2-3   | vector from the target to the tip                       | m           |
    | 4-5   | cosine, sine of 1 - 2 * shoulder's angle, as published  | -           |
    | 6     | shoulder's velocity                                     | 10 rad/s    |
    | 7     | elbow's angle                                           | 3 rad       |
    | 8     | elbow's velocity                                        | 10 rad/s    |

    The action is the torque of shoulder and elbow, ±0.05 N·m. A step earns 100 times the way by which the tip came
    nearer (m), less the motors' power, and 0.1 less if the elbow is at its limit.
    An episode ends after 2.475 s (150 steps) only.
    Random actions (uniform, 30 episodes) return -11 on average; 18 counts as solved, as in the original.
    PPO reaches 17.1 ± 11.0, SAC 18.1 ± 9.7 and TQC 18.3 ± 9.5 (rl-baselines3-zoo, benchmark.md, one run each).
    """
    shoulder, elbow = {"joints": (SHOULDER,)}, {"joints": (ELBOW,)}
    target, tip_and_target = {"command": TARGET}, {"links": ("fingertip",), "command": TARGET}
    return TaskSpec(
        id="reacher_reach",
        robot=REACHER,
        physics_dt_s=0.0165,
        control_dt_s=0.0165,
        episode_length_s=2.475,
        solver=Solver(num_iterations=5, contact_erp=0.9, gravity_m_s2=0.0),
        observations={
            "target": ObservationTerm(function=goals.command, params=target),
            "target_to_tip": ObservationTerm(function=reacher.target_to_tip, params=tip_and_target),
            "shoulder_direction": ObservationTerm(function=reacher.relative_direction, params=shoulder),
            "shoulder_velocity": ObservationTerm(
                function=observations.joint_velocity, params=shoulder, scale=SPEED_SCALE
            ),
            "elbow_position": ObservationTerm(function=observations.joint_position_relative, params=elbow),
            "elbow_velocity": ObservationTerm(function=observations.joint_velocity, params=elbow, scale=SPEED_SCALE),
        },
        rewards={
            "approach": RewardTerm(function=reacher.approach, weight=100.0, params=tip_and_target),
            "electricity": RewardTerm(function=reacher.motor_power_l1, weight=-0.1),
            "stall_torque": RewardTerm(function=reacher.action_l1, weight=-0.01),
            "elbow_stuck": RewardTerm(function=reacher.joint_stuck, weight=-0.1, params=elbow),
        },
        reward_range=(-20.0, 20.0),
        resets={"arm": ResetTerm(function=resets.offset_joint_position, params={"joints": "all", "half_range": 3.14})},
        commands={TARGET: CommandTerm(function=reacher.draw_target, params={"half_range_m": 0.27}, size=2)},
        objects=(
            ObjectSpec(
                name=TARGET,
                shape="sphere",
                size_m=(0.012,),
                kind=ObjectKind.GHOST,
                start_position_w=(0.0, 0.0, 0.01),
                color_rgba=(0.9, 0.2, 0.2, 1.0),
                follows=TARGET,
            ),
        ),
    )
