"""The humanoid: 17 driven joints, from hips to elbows."""

from __future__ import annotations

from dataclasses import replace

from robots.spec import Camera, EffortControl, ObservationTerm, RewardTerm, RobotSpec, TaskSpec, TerminationTerm
from robots.terms import locomotor, terminations
from robots.walkers import OBSERVATION_CLIP, roboschool_walker

POWER = 0.41
"""The original's power; it multiplies these."""
LEG = {"hip_x": 100.0, "hip_z": 100.0, "hip_y": 300.0, "knee": 200.0}
ARM = {"shoulder1": 75.0, "shoulder2": 75.0, "elbow": 75.0}
TORQUE_N_M = {
    **{f"abdomen_{axis}": POWER * 100.0 for axis in "zyx"},
    **{f"{side}_{joint}": POWER * torque for side in ("right", "left") for joint, torque in LEG.items()},
    **{f"{side}_{joint}": POWER * torque for side in ("right", "left") for joint, torque in ARM.items()},
}

HUMANOID = RobotSpec(
    name="humanoid",
    model="pybullet_data/mjcf/humanoid_symmetric.xml",
    joints=tuple(TORQUE_N_M),
    control=EffortControl(effort=TORQUE_N_M),
    start_position_w=(0.0, 0.0, 1.399999976158142),  # 1.4 in the single precision in which the model is read
    has_self_collision=True,
    camera=Camera(distance_m=2.2, yaw_deg=30.0, pitch_deg=-12.0, target_offset_w=(0.0, 0.0, -0.4)),
)


def humanoid_walk() -> TaskSpec:
    """Walk along the x axis as fast as the motors' power is worth, as a human does.

    HumanoidBulletEnv-v0 of pybullet_envs_gymnasium 0.6.0, but for its first reset (robots/walkers.py), and for the
    torques, which the original rounds to single precision if it gets actions of single precision: some steps later
    the joints' speeds differ in the fifth digit.

    | index | observation                                                           | unit              |
    |-------|-----------------------------------------------------------------------|-------------------|
    | 0     | torso's height over 0.8 m                                             | m                 |
    | 1-2   | sine, cosine of the angle to the target                               | -                 |
    | 3-5   | torso's velocity ahead, to the left, up                               | 3.33 m/s          |
    | 6-7   | roll, pitch                                                           | rad               |
    | 8-13  | position, speed of abdomen z, y, x                                    | limit, 10 rad/s   |
    | 14-29 | position, speed of hip x, z, y and knee, right then left              | limit, 10 rad/s   |
    | 30-41 | position, speed of shoulder 1, shoulder 2 and elbow, right then left  | limit, 10 rad/s   |
    | 42-43 | contact of right and left foot with the ground, a step late           | 0 or 1            |

    All are clipped to ±5. The action is the torque of the joints, in the same order: ±41 N·m, but for the hips' y
    axis ±123, the knees ±82 and the arms ±30.75 N·m.
    An episode ends when the torso's centre is at or below 0.78 m, or after 16.5 s (1000 steps).
    Random actions (uniform, 30 episodes) return -32 on average. The original names no return that counts as
    solved, and rl-baselines3-zoo publishes none; chosen: 2500, as for the other walkers.
    """
    fallen = {"height_m": 0.78}
    task = roboschool_walker(
        "humanoid_walk",
        HUMANOID,
        feet=("right_foot", "left_foot"),
        alive=RewardTerm(function=locomotor.height_alive, weight=1.0, params={**fallen, "bonus": 2.0}),
        terminations={"fell": TerminationTerm(function=terminations.base_below, params=fallen)},
    )
    height = ObservationTerm(function=locomotor.base_height_over, params={"height_m": 0.8}, clip=OBSERVATION_CLIP)
    # 17 joints of which four matter for walking, says the original, so electricity costs 4.25 times as much.
    electricity, stall_torque = task.rewards["electricity"], task.rewards["stall_torque"]
    dearer = {
        "electricity": replace(electricity, weight=4.25 * electricity.weight),
        "stall_torque": replace(stall_torque, weight=4.25 * stall_torque.weight),
    }
    return replace(
        task,
        observations={**task.observations, "height": height},
        rewards={**task.rewards, **dearer},
        reward_range=(-200.0, 200.0),
    )
