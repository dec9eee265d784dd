"""Terms of legged robots that follow velocity commands, on level or uneven ground. robots/quadruped.py composes them.

A velocity command has three numbers: speed ahead and to the left (m/s) and yaw rate (rad/s), all in the base's frame.
Most terms are those of legged_gym (envs/base/legged_robot.py) and Isaac Lab (isaaclab_tasks, locomotion/velocity); the
latter's names are in brackets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robots.terms.kernels import exp_kernel

if TYPE_CHECKING:
    from robots.curriculum import EndedEpisodes
    from robots.state import Indices, Start, State

Range = tuple[float, float]


def draw_velocity(
    start: Start,
    rngs: list[np.random.Generator],
    speed_x_m_s: Range,
    speed_y_m_s: Range,
    yaw_rate_rad_s: Range,
    level: np.ndarray,
    easiest: tuple[float, float, float] = (0.5, 0.0, 0.0),
    dead_zone_m_s: float = 0.1,
    standing_share: float = 0.05,
) -> np.ndarray:
    """Return a command for each row (num_rows, 3), uniform in its ranges; a command.

    At level 0 all are the `easiest` one, from which the ranges open up. Speeds in the dead zone become 0, as in
    legged_gym, whose zone is twice as large, and a share of the commands is to stand still, as in Isaac Lab
    (rel_standing_envs).
    """
    low, high = np.array((speed_x_m_s, speed_y_m_s, yaw_rate_rad_s)).T
    drawn = np.zeros((len(rngs), 3))
    for row, rng in enumerate(rngs):
        velocity = easiest + level[row] * (rng.uniform(low, high) - easiest)
        if np.hypot(velocity[0], velocity[1]) < dead_zone_m_s:
            velocity[:2] = 0.0
        if rng.random() >= standing_share:
            drawn[row] = velocity
    return drawn


def start_on_tile(
    start: Start,
    rngs: list[np.random.Generator],
    tile_m: float,
    num_tiles: int,
    half_range_m: float,
    footprint_m: float,
    level: np.ndarray,
) -> None:
    """Put each robot near the middle of its level's tile, facing anywhere, above the ground below its feet; a reset.

    `footprint_m` is half the side of the square that its feet stand in.
    """
    grid = np.linspace(-footprint_m, footprint_m, 9)
    for row, rng in enumerate(rngs):
        x, y = rng.uniform(-half_range_m, half_range_m, 2)
        x += tile_m * np.rint(level[row] * (num_tiles - 1))
        yaw = rng.uniform(-np.pi, np.pi)
        start.base_position_w[row, :2] = x, y
        start.base_position_w[row, 2] += start.terrain.height_m(x + grid[:, None], y + grid[None, :]).max()
        start.base_quaternion_w[row] = (0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2))


def speed_command(state: State, command: Indices) -> np.ndarray:
    """Return the commanded speeds ahead and to the left (num_envs, 2), in m/s."""
    return state.command[:, command][:, :2]


def yaw_rate_command(state: State, command: Indices) -> np.ndarray:
    """Return the commanded yaw rate (num_envs, 1), in rad/s."""
    return state.command[:, command][:, 2:]


def height_scan(state: State, length_m: float, width_m: float, spacing_m: float, offset_m: float) -> np.ndarray:
    """Return how far below the base the ground is, less offset_m, within ±1 (num_envs, num_points), in m.

    The points are a rectangle around the base along its heading, row by row from its back, each row from the right.
    """
    ahead, left = _scan_points(length_m, spacing_m), _scan_points(width_m, spacing_m)
    x_b, y_b = (each.ravel() for each in np.meshgrid(ahead, left, indexing="ij"))
    _, _, yaw = state.base_roll_pitch_yaw
    cosine, sine = np.cos(yaw)[:, None], np.sin(yaw)[:, None]
    x, y, z = state.base_position_w.T[:, :, None]
    ground_m = state.terrain.height_m(x + cosine * x_b - sine * y_b, y + sine * x_b + cosine * y_b)
    return np.clip(z - ground_m - offset_m, -1.0, 1.0)


def track_command_speed_exp(state: State, command: Indices, width_m_s: float) -> np.ndarray:
    """Return 1 at the commanded speeds, falling off by exp_kernel (track_lin_vel_xy_exp)."""
    error = state.base_linear_velocity_b[:, :2] - speed_command(state, command)
    return exp_kernel(np.square(error).sum(axis=1), width_m_s)


def track_command_yaw_rate_exp(state: State, command: Indices, width_rad_s: float) -> np.ndarray:
    """Return 1 at the commanded yaw rate, falling off by exp_kernel (track_ang_vel_z_exp)."""
    error = state.base_angular_velocity_b[:, 2] - yaw_rate_command(state, command)[:, 0]
    return exp_kernel(np.square(error), width_rad_s)


def feet_air_time(
    state: State, command: Indices, contact_links: Indices, threshold_s: float, longest_s: float
) -> np.ndarray:
    """Return, for each foot that lands, for how much longer than the threshold it was in the air, summed, in s.

    More than `longest_s` counts as that, so that a foot held up for long earns nothing more. 0 where the command is to
    stand.
    """
    previous = state.previous
    has_landed = (state.link_contact[:, contact_links] > 0.0) & (previous.link_air_time_s[:, contact_links] > 0.0)
    air_time_s = np.minimum(previous.link_air_time_s[:, contact_links] + state.control_dt_s, longest_s)
    walks = np.linalg.norm(speed_command(state, command), axis=1) > 0.0
    return np.where(has_landed, air_time_s - threshold_s, 0.0).sum(axis=1) * walks


def ground_contact_count(state: State, contact_links: Indices) -> np.ndarray:
    """Return how many of the links touch the ground (undesired_contacts)."""
    return state.link_contact[:, contact_links].sum(axis=1)


def joint_acceleration_l2(state: State) -> np.ndarray:
    """Return the sum of the squared changes of the joints' velocities, in rad²/s⁴ (joint_acc_l2)."""
    return np.square((state.joint_velocity - state.previous.joint_velocity) / state.control_dt_s).sum(axis=1)


def off_tiles(state: State, tile_m: float, num_tiles: int) -> np.ndarray:
    """Return whether the base is beyond the edge of all tiles; a termination (terrain_out_of_bounds)."""
    x, y, _ = state.base_position_w.T
    half = tile_m / 2
    return (np.abs(y) > half) | (x < -half) | (x > num_tiles * tile_m - half)


def terrain_level_step(
    ended: EndedEpisodes, reward: str, step: float, up_distance_m: float, down_at: float
) -> np.ndarray:
    """Return `step` where a robot came far, -step where it did not and followed its commands badly; a curriculum.

    Badly: the reward term's sum is below `down_at` of its weight over the whole time limit. legged_gym asks instead for
    half of the commanded distance (_update_terrain_curriculum), which a command to stand does not have.
    """
    is_far = ended.distance_m > up_distance_m
    share = ended.reward_sums[reward] / (ended.reward_weights[reward] * ended.max_steps)
    return np.where(is_far, step, np.where(share < down_at, -step, 0.0))


def _scan_points(length_m: float, spacing_m: float) -> np.ndarray:
    return np.linspace(-length_m / 2, length_m / 2, round(length_m / spacing_m) + 1)
