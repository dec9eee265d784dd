"""The half cheetah: a back with a leg at each end, which moves in a vertical plane."""

from __future__ import annotations

from robots.spec import Camera, EffortControl, RewardTerm, RobotSpec, TaskSpec
from robots.terms import locomotor
from robots.walkers import roboschool_walker

TORQUE_N_M = {"bthigh": 108.0, "bshin": 81.0, "bfoot": 54.0, "fthigh": 126.0, "fshin": 54.0, "ffoot": 27.0}
"""The original's power 0.9 times its power_coef."""
FEET = ("ffoot", "fshin", "fthigh", "bfoot", "bshin", "bthigh")
KNEES = ("fshin", "fthigh", "bshin", "bthigh")

HALF_CHEETAH = RobotSpec(
    name="half_cheetah",
    model="pybullet_data/mjcf/half_cheetah.xml",
    joints=tuple(TORQUE_N_M),
    control=EffortControl(effort=TORQUE_N_M),
    base_link="torso",
    is_fixed=True,
    has_self_collision=True,
    camera=Camera(distance_m=1.9, yaw_deg=15.0, pitch_deg=-15.0, target_offset_w=(0.0, 0.0, -0.15)),
)


def half_cheetah_run() -> TaskSpec:
    """Run along the x axis as fast as the motors' power is worth, on the feet only.

    HalfCheetahBulletEnv-v0 of pybullet_envs_gymnasium 0.6.0, but for its first reset (robots/walkers.py).

    | index | observation                                                    | unit              |
    |-------|----------------------------------------------------------------|-------------------|
    | 0     | torso's height since the reset                                 | m                 |
    | 1-2   | sine, cosine of the angle to the target                        | -                 |
    | 3-5   | torso's velocity ahead, to the left, up                        | 3.33 m/s          |
    | 6-7   | roll, pitch                                                    | rad               |
    | 8-19  | position, speed of thigh, shin and foot, back then front       | limit, 10 rad/s   |
    | 20-25 | ground contact of foot, shin, thigh, front then back, one late | 0 or 1            |

    All are clipped to ±5. The action is the torque of the joints, ±108, 81, 54, 126, 54 and 27 N·m, in the same
    order. The model moves in a plane, so the angle to the target, the velocity to the left and the roll are 0
    unless it lies on its back. A step in which a thigh or shin touches the ground or the torso pitches by
    1 rad costs 1 instead of earning 1.
    An episode ends after 16.5 s (1000 steps) only.
    Random actions (uniform, 30 episodes) return -1286 on average; 3000 counts as solved, as in the original.
    PPO reaches 2925 ± 64, SAC 2792 ± 12 and TQC 3675 ± 18 (rl-baselines3-zoo, benchmark.md, one run each).
    """
    return roboschool_walker(
        "half_cheetah_run",
        HALF_CHEETAH,
        feet=FEET,
        alive=RewardTerm(
            function=locomotor.off_ground_alive, weight=1.0, params={"contact_links": KNEES, "limit_rad": 1.0}
        ),
        terminations={},
    )
