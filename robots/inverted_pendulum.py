"""Poles on a cart: one to swing up, and two on top of each other to balance."""

from __future__ import annotations

from robots.spec import (
    Camera,
    EffortControl,
    ObservationTerm,
    ResetTerm,
    RewardTerm,
    RobotSpec,
    Solver,
    TaskSpec,
    TerminationTerm,
)
from robots.terms import observations, pendulum, resets, rewards

SOLVER = Solver(num_iterations=5, contact_erp=0.9, gravity_m_s2=9.8)
CART = {"joints": ("slider",)}
POLE = {"joints": ("hinge",)}
SECOND_POLE = {"joints": ("hinge2",)}
TOP = {"links": ("pole2",)}

PENDULUM = RobotSpec(
    name="inverted_pendulum",
    model="pybullet_data/mjcf/inverted_pendulum.xml",
    joints=("slider",),
    passive_joints=("hinge",),
    control=EffortControl(effort=100.0),  # N
    default_joint_position={"hinge": 3.1415},
    is_fixed=True,
    has_self_collision=True,
    camera=Camera(distance_m=2.3, yaw_deg=0.0, pitch_deg=-10.0),
)

DOUBLE_PENDULUM = RobotSpec(
    name="inverted_double_pendulum",
    model="pybullet_data/mjcf/inverted_double_pendulum.xml",
    joints=("slider",),
    passive_joints=("hinge", "hinge2"),
    control=EffortControl(effort=200.0),  # N
    is_fixed=True,
    has_self_collision=True,
    camera=Camera(distance_m=2.3, yaw_deg=0.0, pitch_deg=-10.0, target_offset_w=(0.0, 0.0, 0.5)),
)


def inverted_pendulum_swingup() -> TaskSpec:
    """Swing a hanging pole up by moving its cart, and keep it upright.

    InvertedPendulumSwingupBulletEnv-v0 of pybullet_envs_gymnasium 0.6.0.

    | index | observation                  | unit  |
    |-------|------------------------------|-------|
    | 0-1   | cart's position, velocity    | m, m/s |
    | 2-3   | cosine, sine of the angle    | -     |
    | 4     | pole's velocity              | rad/s |

    The action is the force on the cart, ±100 N; its rail ends at ±1 m. A step earns the cosine of the pole's angle.
    An episode ends after 16.5 s (1000 steps) only.
    Random actions (uniform, 30 episodes) return -926 on average; 800 counts as solved, as in the original.
    """
    return TaskSpec(
        id="inverted_pendulum_swingup",
        robot=PENDULUM,
        physics_dt_s=0.0165,
        control_dt_s=0.0165,
        episode_length_s=16.5,
        solver=SOLVER,
        observations={
            "cart_position": ObservationTerm(function=observations.joint_position, params=CART),
            "cart_velocity": ObservationTerm(function=observations.joint_velocity, params=CART),
            "pole_direction": ObservationTerm(function=observations.joint_direction, params=POLE),
            "pole_velocity": ObservationTerm(function=observations.joint_velocity, params=POLE),
        },
        rewards={"upright": RewardTerm(function=pendulum.upright_cosine, weight=1.0, params=POLE)},
        reward_range=(-1.0, 1.0),
        resets={"pole": ResetTerm(function=resets.offset_joint_position, params={**POLE, "half_range": 0.1})},
    )


def inverted_double_pendulum_balance() -> TaskSpec:
    """Keep two poles, one on top of the other, upright by moving their cart.

    InvertedDoublePendulumBulletEnv-v0 of pybullet_envs_gymnasium 0.6.0.

    | index | observation                                | unit   |
    |-------|--------------------------------------------|--------|
    | 0-1   | cart's position, velocity                  | m, m/s |
    | 2     | position of the upper pole's centre ahead  | m      |
    | 3-5   | lower hinge: cosine, sine, velocity        | rad/s  |
    | 6-8   | upper hinge: cosine, sine, velocity        | rad/s  |

    The action is the force on the cart, ±200 N; its rail ends at ±1 m. A step earns 10, less 0.01 x² and
    (z - 1.7)² of the upper pole's centre (m), which is at z = 0.9 at most.
    An episode ends when that centre is at or below 0.7 m, or after 16.5 s (1000 steps).
    Random actions (uniform, 30 episodes) return 273 on average; 9100 counts as solved, as in the original.
    """
    return TaskSpec(
        id="inverted_double_pendulum_balance",
        robot=DOUBLE_PENDULUM,
        physics_dt_s=0.0165,
        control_dt_s=0.0165,
        episode_length_s=16.5,
        solver=SOLVER,
        observations={
            "cart_position": ObservationTerm(function=observations.joint_position, params=CART),
            "cart_velocity": ObservationTerm(function=observations.joint_velocity, params=CART),
            "top_position": ObservationTerm(function=observations.link_position_x, params=TOP),
            "lower_direction": ObservationTerm(function=observations.joint_direction, params=POLE),
            "lower_velocity": ObservationTerm(function=observations.joint_velocity, params=POLE),
            "upper_direction": ObservationTerm(function=observations.joint_direction, params=SECOND_POLE),
            "upper_velocity": ObservationTerm(function=observations.joint_velocity, params=SECOND_POLE),
        },
        rewards={
            "alive": RewardTerm(function=rewards.alive, weight=10.0),
            "top_x": RewardTerm(function=pendulum.link_x_l2, weight=-0.01, params=TOP),
            "top_height": RewardTerm(function=pendulum.link_height_l2, weight=-1.0, params={**TOP, "height_m": 1.7}),
        },
        reward_range=(0.0, 10.0),
        terminations={"fell": TerminationTerm(function=pendulum.link_below, params={**TOP, "height_m": 0.7})},
        resets={
            "poles": ResetTerm(
                function=resets.offset_joint_position, params={"joints": ("hinge", "hinge2"), "half_range": 0.1}
            )
        },
    )
