"""The ant: a four-legged MuJoCo model, and the walking task that most benchmarks use."""

from __future__ import annotations

from robots.spec import Camera, EffortControl, RewardTerm, RobotSpec, TaskSpec, TerminationTerm
from robots.terms import locomotor, terminations
from robots.walkers import roboschool_walker

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
    """Walk along the x axis as fast as the motors' power is worth, on four legs.

    AntBulletEnv-v0 of pybullet_envs_gymnasium 0.6.0, but for its first reset (robots/walkers.py).

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
    PPO reaches 2866 ± 56, SAC 3073 ± 175 and TQC 3457 ± 249 (rl-baselines3-zoo, benchmark.md, one run each).
    """
    fallen = {"height_m": 0.26}
    return roboschool_walker(
        "ant_walk",
        ANT,
        feet=FEET,
        alive=RewardTerm(function=locomotor.height_alive, weight=1.0, params=fallen),
        terminations={"fell": TerminationTerm(function=terminations.base_below, params=fallen)},
    )
