"""The ant: a four-legged MuJoCo model, and the walking task that most benchmarks use."""

from __future__ import annotations

from robots.spec import (
    Camera,
    EffortControl,
    Ground,
    ObservationTerm,
    ResetTerm,
    RewardTerm,
    RobotSpec,
    Solver,
    Substeps,
    TaskSpec,
    TerminationTerm,
)
from robots.terms import locomotor, resets, terminations

JOINTS = ("hip_1", "ankle_1", "hip_2", "ankle_2", "hip_3", "ankle_3", "hip_4", "ankle_4")
FEET = ("front_left_foot", "front_right_foot", "left_back_foot", "right_back_foot")

ANT = RobotSpec(
    name="ant",
    model="pybullet_data/mjcf/ant.xml",
    joints=JOINTS,
    control=EffortControl(effort=250.0),  # N·m; the original's power 2.5 times its power_coef 100
    start_position_w=(0.0, 0.0, 0.75),
    has_self_collision=True,
    camera=Camera(distance_m=2.8, yaw_deg=20.0, pitch_deg=-30.0),
)


def ant_walk() -> TaskSpec:
    """Walk along the x axis as fast as the motors' power is worth.

    The same observations, rewards and physics as AntBulletEnv-v0 of pybullet_envs_gymnasium 0.6.0, so
    that results compare; tests/robots/test_ant_parity.py steps both. The original measures the position
    of its first reset differently from all later ones; we always do as in the later ones.

    | index | observation                                        | unit              |
    |-------|----------------------------------------------------|-------------------|
    | 0     | torso's height since the reset                     | m                 |
    | 1-2   | sine, cosine of the angle to the target            | -                 |
    | 3-5   | torso's velocity ahead, to the left, up            | 3.33 m/s          |
    | 6-7   | roll, pitch                                        | rad               |
    | 8-23  | position, speed of hip and ankle 1, 2, 3, 4        | limit, 10 rad/s   |
    | 24-27 | contact of each foot with the ground, a step late  | 0 or 1            |

    All are clipped to ±5. The action is the torque of the joints, ±250 N·m, in the same order.
    An episode ends when the torso's centre is at or below 0.26 m, or after 16.5 s (1000 steps).
    Random actions (uniform, 30 episodes) return 406 on average; 2500 counts as solved, as in the original.
    """
    everywhere, fallen = {"links": "all"}, {"height_m": 0.26}
    clip = (-5.0, 5.0)
    return TaskSpec(
        id="ant_walk",
        robot=ANT,
        physics_dt_s=0.0165 / 4,
        control_dt_s=0.0165,
        episode_length_s=16.5,
        ground=Ground(model="pybullet_data/plane_stadium.sdf", lateral_friction=0.8, restitution=0.5),
        solver=Solver(substeps=Substeps.IN_SOLVER, num_iterations=5, contact_erp=0.9, gravity_m_s2=9.8),
        observations={
            "height": ObservationTerm(function=locomotor.base_height_change, clip=clip),
            "target_direction": ObservationTerm(function=locomotor.target_direction, params=everywhere, clip=clip),
            "velocity": ObservationTerm(function=locomotor.base_velocity_in_heading, scale=0.3, clip=clip),
            "roll_pitch": ObservationTerm(function=locomotor.roll_pitch, clip=clip),
            "joints": ObservationTerm(function=locomotor.joint_position_velocity, clip=clip),
            "feet_contact": ObservationTerm(
                function=locomotor.previous_contact, params={"contact_links": FEET}, clip=clip
            ),
        },
        rewards={
            "alive": RewardTerm(function=locomotor.height_alive, weight=1.0, params=fallen),
            "progress": RewardTerm(function=locomotor.target_progress, weight=1.0, params=everywhere),
            "electricity": RewardTerm(function=locomotor.electric_power_l1, weight=-2.0),
            "stall_torque": RewardTerm(function=locomotor.action_mean_l2, weight=-0.1),
            "joints_at_limit": RewardTerm(function=locomotor.joints_at_limit_count, weight=-0.1),
        },
        reward_range=(-50.0, 50.0),
        terminations={"fell": TerminationTerm(function=terminations.base_below, params=fallen)},
        resets={
            "joints": ResetTerm(function=resets.offset_joint_position, params={"joints": "all", "half_range": 0.1})
        },
    )
