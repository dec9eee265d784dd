"""The Clearpath Husky, a vehicle of 50 kg that turns by driving the wheels of its two sides differently."""

from __future__ import annotations

from robots.navigation import Course, navigate
from robots.spec import Camera, Lidar, Motor, MotorControl, MotorMode, RobotSpec, TaskSpec

SIDES = {"left": -1.0, "right": 1.0}
"""Sign of a wheel's speed when turning to the left."""
WHEELS = {f"{end}_{side}_wheel": sign for end in ("front", "rear") for side, sign in SIDES.items()}
WHEEL_RADIUS_M = 0.17775
"""The model's."""
HALF_TRACK_M = 0.2854
"""The model's, from the middle to a wheel."""
TOP_SPEED_M_S = 1.0
"""Of the Husky A200 (Clearpath's data sheet)."""
TOP_YAW_RATE_RAD_S = 1.0
"""Chosen: a turn on the spot takes 6 s."""
SKID = 1.56
"""Chosen: how much faster than without slip the wheels turn, so that full turns reach TOP_YAW_RATE_RAD_S on average.

husky_control multiplies by 1.875 (control.yaml: wheel_separation_multiplier).
"""
MAX_WHEEL_TORQUE_N_M = 40.0
"""Chosen: the wheels keep their speed while they skid, which takes up to 22 N·m."""


def _wheel(sign: float) -> Motor:
    turn_m_s = sign * TOP_YAW_RATE_RAD_S * SKID * HALF_TRACK_M
    return Motor(
        mode=MotorMode.VELOCITY,
        gains=(TOP_SPEED_M_S / WHEEL_RADIUS_M, turn_m_s / WHEEL_RADIUS_M),
        max_effort=MAX_WHEEL_TORQUE_N_M,
    )


HUSKY = RobotSpec(
    name="husky",
    model="pybullet_data/husky/husky.urdf",
    joints=tuple(WHEELS),
    control=MotorControl(actions=("speed", "turn"), motors={joint: _wheel(sign) for joint, sign in WHEELS.items()}),
    has_round_cylinders=True,
    # Chosen: above the body, in the middle, 36 rays.
    lidar=Lidar(num_rays=36, range_m=6.0, offset_b=(0.0, 0.0, 0.5)),
    camera=Camera(distance_m=7.0, yaw_deg=-50.0, pitch_deg=-40.0),
)


def husky_navigate(*, num_obstacles: int = 12, arena_m: float = 12.0) -> TaskSpec:
    """Drive to a goal among boxes and cylinders that stand anywhere.

    | index | observation                                                      | unit    |
    |-------|------------------------------------------------------------------|---------|
    | 0-35  | range of each ray, the first one back, then counter-clockwise    | 6 m     |
    | 36    | distance to the goal                                             | 10 m    |
    | 37-38 | cosine, sine of the angle from the heading to the goal           | -       |
    | 39    | speed ahead                                                      | 1 m/s   |
    | 40    | yaw rate, counter-clockwise                                      | 1 rad/s |
    | 41-42 | last action                                                      | -       |

    The action is the speed ahead, up to ±1 m/s, and the yaw rate, to the left if positive: ±1 rad/s on average over all
    headings, between 0.8 and 1.5 rad/s because the wheels' friction is computed along the axes of the world.
    An episode ends with success when the middle of the vehicle is within 0.5 m of the goal; when it touches an obstacle
    or tips over; or after 30 s (300 steps). Start, heading, goal and obstacles are random; there is always a path that
    is 1 m wide. In training each environment begins without obstacles and gets more of them as it succeeds.
    Random actions (uniform, 30 episodes) return -9.9 on average. PPO (configs/husky_navigate/ppo.yaml, one seed)
    returns 13.6 ± 6.7 over 100 episodes, arrives in 86 of them and collides in the others; 12 counts as solved, which
    takes eight of ten.
    """
    return navigate(
        "husky_navigate",
        HUSKY,
        Course(
            arena_m=arena_m,
            clearance_m=0.85,
            passage_m=0.5,
            cell_m=0.25,
            num_obstacles=num_obstacles,
            obstacle_sizes_m=(0.3, 0.4, 0.5),
            obstacle_height_m=0.8,
            goal_radius_m=0.5,
            episode_length_s=30.0,
            top_speed_m_s=TOP_SPEED_M_S,
            top_yaw_rate_rad_s=TOP_YAW_RATE_RAD_S,
            # With a cone, as computed by PyBullet 3.2.7, a turn nearly stops at some headings: 0.16 to 0.98 rad/s.
            has_friction_pyramid=True,
        ),
    )
