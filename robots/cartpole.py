"""A pole on a cart: the smallest task, and the one to copy when writing another."""

from __future__ import annotations

from robots.spec import (
    Camera,
    EffortControl,
    ObservationTerm,
    ResetTerm,
    RewardTerm,
    RobotSpec,
    TaskSpec,
    TerminationTerm,
)
from robots.terms import observations, resets, rewards, terminations

CART = "slider_to_cart"
POLE = "cart_to_pole"

CARTPOLE = RobotSpec(
    name="cartpole",
    model="pybullet_data/cartpole.urdf",
    joints=(CART,),
    passive_joints=(POLE,),
    control=EffortControl(effort=10.0),  # N, as Gymnasium's CartPole
    is_fixed=True,
    camera=Camera(distance_m=4.2, yaw_deg=0.0, pitch_deg=-10.0, target_offset_w=(0.0, 0.0, 0.3)),
)


def cartpole_balance() -> TaskSpec:
    """Keep the pole upright and the cart near the middle of its rail.

    | index | observation   | unit    |
    |-------|---------------|---------|
    | 0     | cart position | m       |
    | 1     | cart velocity | m/s     |
    | 2     | pole angle    | 0.2 rad |
    | 3     | pole velocity | rad/s   |

    The action is the force on the cart, ±10 N. Each step earns 1, so the best return is 500.
    An episode ends when the pole leans more than 0.21 rad (12 degrees), when the cart is more than
    2.4 m from the middle, both as in Gymnasium's CartPole, or after 10 s.
    Random actions (uniform, 200 episodes) return 26 on average; 475 counts as solved, as in CartPole-v1.
    PPO with the library's defaults and 8 environments returns 498, 436 and 500 after 49 152 steps
    (three seeds, 20 episodes each without exploration).
    """
    cart, pole, both = {"joints": (CART,)}, {"joints": (POLE,)}, {"joints": (CART, POLE)}
    return TaskSpec(
        id="cartpole_balance",
        robot=CARTPOLE,
        physics_dt_s=0.01,
        control_dt_s=0.02,
        episode_length_s=10.0,
        observations={
            "cart_position": ObservationTerm(function=observations.joint_position, params=cart),
            "cart_velocity": ObservationTerm(function=observations.joint_velocity, params=cart),
            "pole_angle": ObservationTerm(function=observations.joint_position, params=pole, scale=5.0),
            "pole_velocity": ObservationTerm(function=observations.joint_velocity, params=pole),
        },
        rewards={"alive": RewardTerm(function=rewards.alive, weight=1.0)},
        reward_range=(0.0, 1.0),
        terminations={
            "pole_fell": TerminationTerm(function=terminations.joint_beyond, params={**pole, "limit": 0.21}),
            "cart_left_rail": TerminationTerm(function=terminations.joint_beyond, params={**cart, "limit": 2.4}),
        },
        resets={
            "position": ResetTerm(function=resets.offset_joint_position, params={**both, "half_range": 0.05}),
            "velocity": ResetTerm(function=resets.offset_joint_velocity, params={**both, "half_range": 0.05}),
        },
    )
