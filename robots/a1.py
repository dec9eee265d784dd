"""The Unitree A1, a quadruped of 12 kg with 12 driven joints."""

from __future__ import annotations

from robots.spec import (
    Camera,
    Ground,
    ObservationTerm,
    PositionControl,
    ResetTerm,
    RewardTerm,
    RobotSpec,
    TaskSpec,
    TerminationTerm,
)
from robots.terms import observations, resets, rewards, terminations

LEGS = ("FR", "FL", "RR", "RL")
STANCE = {"hip": 0.0, "upper": 0.9, "lower": -1.8}
"""rad; puts each foot below its hip, as motion_imitation's A1 does."""
JOINTS = tuple(f"{leg}_{part}_joint" for leg in LEGS for part in STANCE)

A1 = RobotSpec(
    name="a1",
    model="pybullet_data/a1/a1.urdf",
    joints=JOINTS,
    control=PositionControl(action_scale_rad=0.25, stiffness=40.0, damping=1.0),
    start_position_w=(0.0127, 0.0022, 0.27),
    default_joint_position={f"{leg}_{part}_joint": angle for leg in LEGS for part, angle in STANCE.items()},
    camera=Camera(distance_m=1.1),
)


def a1_walk() -> TaskSpec:
    """Walk ahead at 0.5 m/s, level, straight and with little torque.

    | index | observation                                        | unit       |
    |-------|----------------------------------------------------|------------|
    | 0-2   | base's velocity ahead, to the left, up             | m/s        |
    | 3-5   | base's rate of roll, pitch, yaw                    | 4 rad/s    |
    | 6-8   | direction of gravity in the base's frame           | -          |
    | 9-20  | joint angles from the stance: hip, upper, lower of FR, FL, RR, RL | rad |
    | 21-32 | joint velocities, in the same order                | 20 rad/s   |
    | 33-44 | last action                                        | -          |

    The action shifts the joints' targets by up to 0.25 rad from the stance. The scales, the gains' ratio
    and most reward terms follow legged_gym; the weights are chosen, for a single target speed.
    An episode ends when the trunk touches the ground, is below 0.15 m or leans by more than 1 rad, or
    after 10 s (500 steps). A perfect step earns 1.25, an episode 625. "Solved" is chosen: 500, four
    fifths of that. Random actions (uniform, 24 episodes) return -59, standing still 128, and PPO after
    620 000 steps 588 (one seed, no exploration); nothing asks it to lift its feet high, and it does not.
    """
    trunk = {"contact_links": ("trunk",)}
    return TaskSpec(
        id="a1_walk",
        robot=A1,
        physics_dt_s=0.005,
        control_dt_s=0.02,
        episode_length_s=10.0,
        ground=Ground(lateral_friction=1.0),
        observations={
            "linear_velocity": ObservationTerm(function=observations.base_linear_velocity_b),
            "angular_velocity": ObservationTerm(function=observations.base_angular_velocity_b, scale=0.25),
            "gravity": ObservationTerm(function=observations.gravity_direction_b),
            "joint_position": ObservationTerm(
                function=observations.joint_position_from_default, params={"joints": "all"}
            ),
            "joint_velocity": ObservationTerm(
                function=observations.joint_velocity, params={"joints": "all"}, scale=0.05
            ),
            "last_action": ObservationTerm(function=observations.last_action),
        },
        rewards={
            "track_speed_x": RewardTerm(
                function=rewards.track_speed_x_exp, weight=1.0, params={"target_m_s": 0.5, "width_m_s": 0.25}
            ),
            "track_yaw_rate": RewardTerm(
                function=rewards.track_yaw_rate_exp,
                weight=0.25,
                params={"target_rad_s": 0.0, "width_rad_s": 0.5},
            ),
            "speed_y": RewardTerm(function=rewards.speed_y_l2, weight=-1.0),
            "speed_z": RewardTerm(function=rewards.speed_z_l2, weight=-1.0),
            "angular_speed_xy": RewardTerm(function=rewards.angular_speed_xy_l2, weight=-0.02),
            "orientation": RewardTerm(function=rewards.orientation_l2, weight=-1.0),
            "joint_effort": RewardTerm(function=rewards.joint_effort_l2, weight=-1e-4),
            "action_rate": RewardTerm(function=rewards.action_rate_l2, weight=-0.01),
        },
        reward_range=(-50.0, 1.25),
        terminations={
            "too_low": TerminationTerm(function=terminations.base_below, params={"height_m": 0.15}),
            "tipped_over": TerminationTerm(function=terminations.tilt_beyond, params={"limit_rad": 1.0}),
            "trunk_contact": TerminationTerm(function=terminations.ground_contact, params=trunk),
        },
        resets={
            "joints": ResetTerm(function=resets.offset_joint_position, params={"joints": "all", "half_range": 0.1})
        },
    )
