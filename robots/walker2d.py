"""The walker: two legs that move in a vertical plane."""

from __future__ import annotations

from robots.spec import Camera, EffortControl, RobotSpec, TaskSpec
from robots.walkers import roboschool_walker, stays_upright

TORQUE_N_M = {
    "thigh_joint": 40.0,
    "leg_joint": 40.0,
    "foot_joint": 12.0,
    "thigh_left_joint": 40.0,
    "leg_left_joint": 40.0,
    "foot_left_joint": 12.0,
}
"""The original's power 0.4 times its power_coef, 100 and for feet 30."""

WALKER2D = RobotSpec(
    name="walker2d",
    model="pybullet_data/mjcf/walker2d.xml",
    joints=tuple(TORQUE_N_M),
    control=EffortControl(effort=TORQUE_N_M),
    base_link="torso",
    is_fixed=True,
    has_self_collision=True,
    camera=Camera(distance_m=2.0, yaw_deg=20.0, pitch_deg=-15.0, target_offset_w=(0.0, 0.0, -0.55)),
)


def walker2d_walk() -> TaskSpec:
    """Walk along the x axis as fast as the motors' power is worth, on two legs in a plane.

    Walker2DBulletEnv-v0 of pybullet_envs_gymnasium 0.6.0, but for its first reset (robots/walkers.py).

    | index | observation                                              | unit              |
    |-------|----------------------------------------------------------|-------------------|
    | 0     | torso's height since the reset                           | m                 |
    | 1-2   | sine, cosine of the angle to the target                  | -                 |
    | 3-5   | torso's velocity ahead, to the left, up                  | 3.33 m/s          |
    | 6-7   | roll, pitch                                              | rad               |
    | 8-19  | position, speed of thigh, leg and foot, right then left  | limit, 10 rad/s   |
    | 20-21 | contact of each foot with the ground, a step late        | 0 or 1            |

    All are clipped to ±5. The action is the torque of the joints, ±40 N·m and for feet ±12 N·m, in the same order.
    The model moves in a plane, so the angle to the target, the velocity to the left and the roll stay 0.
    An episode ends when the torso's centre is at or below 0.8 m, when it pitches by 1 rad, or after 16.5 s
    (1000 steps).
    Random actions (uniform, 30 episodes) return 17 on average; 2500 counts as solved, as in the original.
    PPO reaches 2110 ± 14, SAC 2292 ± 14 and TQC 2509 ± 615 (rl-baselines3-zoo, benchmark.md, one run each).
    """
    alive, terminations = stays_upright(height_m=0.8, limit_rad=1.0)
    return roboschool_walker(
        "walker2d_walk", WALKER2D, feet=("foot", "foot_left"), alive=alive, terminations=terminations
    )
