"""The hopper: one leg that moves in a vertical plane."""

from __future__ import annotations

from robots.spec import Camera, EffortControl, RobotSpec, TaskSpec
from robots.walkers import roboschool_walker, stays_upright

HOPPER = RobotSpec(
    name="hopper",
    model="pybullet_data/mjcf/hopper.xml",
    joints=("thigh_joint", "leg_joint", "foot_joint"),
    control=EffortControl(effort=75.0),  # N·m; the original's power 0.75 times its power_coef 100
    base_link="torso",
    is_fixed=True,
    has_self_collision=True,
    camera=Camera(distance_m=2.0, yaw_deg=20.0, pitch_deg=-15.0, target_offset_w=(0.0, 0.0, -0.55)),
)


def hopper_hop() -> TaskSpec:
    """Hop along the x axis as fast as the motors' power is worth, on one leg.

    HopperBulletEnv-v0 of pybullet_envs_gymnasium 0.6.0, but for its first reset (robots/walkers.py).

    | index | observation                                        | unit              |
    |-------|----------------------------------------------------|-------------------|
    | 0     | torso's height since the reset                     | m                 |
    | 1-2   | sine, cosine of the angle to the target            | -                 |
    | 3-5   | torso's velocity ahead, to the left, up            | 3.33 m/s          |
    | 6-7   | roll, pitch                                        | rad               |
    | 8-13  | position, speed of thigh, leg and foot joint       | limit, 10 rad/s   |
    | 14    | contact of the foot with the ground, a step late   | 0 or 1            |

    All are clipped to ±5. The action is the torque of the joints, ±75 N·m, in the same order. The model moves in
    a plane, so the angle to the target, the velocity to the left and the roll stay 0.
    An episode ends when the torso's centre is at or below 0.8 m, when it pitches by 1 rad, or after 16.5 s
    (1000 steps).
    Random actions (uniform, 30 episodes) return 20 on average; 2500 counts as solved, as in the original.
    PPO reaches 2575 ± 223, SAC 2603 ± 164 and TQC 2662 ± 206 (rl-baselines3-zoo, benchmark.md, one run each).
    """
    alive, terminations = stays_upright(height_m=0.8, limit_rad=1.0)
    return roboschool_walker("hopper_hop", HOPPER, feet=("foot",), alive=alive, terminations=terminations)
