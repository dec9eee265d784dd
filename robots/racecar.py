"""The MIT racecar, a model car of 6 kg with driven rear wheels and steered front wheels."""

from __future__ import annotations

from robots.navigation import Course, navigate
from robots.spec import Camera, Lidar, Motor, MotorControl, MotorMode, RobotSpec, TaskSpec

WHEEL_RADIUS_M = 0.05
"""The model's."""
TOP_SPEED_M_S = 1.5
"""Chosen: an arena is crossed in a few seconds, and the lidar sees further than the car needs to stop."""
TOP_STEERING_RAD = 0.6
"""Chosen: the car then turns within a circle of 0.6 m radius (measured), less than the room around start and goal."""
TOP_YAW_RATE_RAD_S = 2.1
"""Measured at full speed and steering."""
MAX_WHEEL_TORQUE_N_M = 0.3
"""Chosen: full speed after 1 s; with more the rear wheels, which have no differential, slip in curves."""

REAR_WHEEL = Motor(
    mode=MotorMode.VELOCITY, gains=(TOP_SPEED_M_S / WHEEL_RADIUS_M, 0.0), max_effort=MAX_WHEEL_TORQUE_N_M
)
STEERING = Motor(mode=MotorMode.POSITION, gains=(0.0, TOP_STEERING_RAD), max_effort=10.0)  # N·m, the model's

RACECAR = RobotSpec(
    name="racecar",
    model="pybullet_data/racecar/racecar.urdf",
    joints=(
        "left_rear_wheel_joint", "right_rear_wheel_joint", "left_steering_hinge_joint", "right_steering_hinge_joint",
    ),
    passive_joints=("left_front_wheel_joint", "right_front_wheel_joint"),
    control=MotorControl(
        actions=("throttle", "steering"),
        motors={
            "left_rear_wheel_joint": REAR_WHEEL,
            "right_rear_wheel_joint": REAR_WHEEL,
            "left_steering_hinge_joint": STEERING,
            "right_steering_hinge_joint": STEERING,
        },
    ),
    has_round_cylinders=True,
    # Place and field of view are those of the model's Hokuyo; chosen: 28 of its 1081 rays, 4 m of its 10 m.
    lidar=Lidar(num_rays=28, range_m=4.0, field_of_view_deg=270.0, offset_b=(0.265, 0.0, 0.125)),
    camera=Camera(distance_m=4.0, yaw_deg=-50.0, pitch_deg=-40.0),
)  # fmt: skip


def racecar_navigate(*, num_obstacles: int = 12, arena_m: float = 8.0) -> TaskSpec:
    """Drive to a goal among boxes and cylinders that stand anywhere.

    | index | observation                                                      | unit      |
    |-------|------------------------------------------------------------------|-----------|
    | 0-27  | range of each ray, from 135 degrees right to 135 degrees left    | 4 m       |
    | 28    | distance to the goal                                             | 10 m      |
    | 29-30 | cosine, sine of the angle from the heading to the goal           | -         |
    | 31    | speed ahead                                                      | 1.5 m/s   |
    | 32    | yaw rate, counter-clockwise                                      | 2.1 rad/s |
    | 33-34 | last action                                                      | -         |

    The action is the speed of the rear wheels, up to ±1.5 m/s, and the angle of the front wheels, up to ±0.6 rad, to
    the left if positive. An episode ends with success when the middle of the rear axle is within 0.3 m of the goal;
    when the car touches an obstacle or tips over; or after 20 s (200 steps). Start, heading, goal and obstacles are
    random; there is always a path that is 0.6 m wide. In training each environment begins without obstacles and gets
    more of them as it succeeds.
    Random actions (uniform, 30 episodes) return -7.0 on average. PPO (configs/racecar_navigate/ppo.yaml, one seed)
    returns 13.2 ± 4.6 over 100 episodes, arrives in 94 of them and collides in the others; 11 counts as solved, which
    takes eight of ten.
    """
    return navigate(
        "racecar_navigate",
        RACECAR,
        Course(
            arena_m=arena_m,
            clearance_m=0.6,
            passage_m=0.3,
            cell_m=0.2,
            num_obstacles=num_obstacles,
            obstacle_sizes_m=(0.2, 0.3, 0.4),
            obstacle_height_m=0.3,
            goal_radius_m=0.3,
            episode_length_s=20.0,
            top_speed_m_s=TOP_SPEED_M_S,
            top_yaw_rate_rad_s=TOP_YAW_RATE_RAD_S,
        ),
    )
