"""Terms of the Roboschool locomotion tasks, as pybullet_envs_gymnasium 0.6.0 computes them.

robots/walkers.py composes them. The target is a point far ahead on the x axis.
Sources: robot_locomotors.py (WalkerBase and its subclasses) and gym_locomotion_envs.py (WalkerBaseBulletEnv).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robots.state import shared
from robots.terms.observations import joint_position_relative

if TYPE_CHECKING:
    from robots.state import Indices, State

TARGET_X_M = 1000.0
"""walk_target_x."""
JOINT_SPEED_SCALE = 0.1
"""current_relative_position: brings joint speeds near 1."""


def base_height_change(state: State) -> np.ndarray:
    """Return how far the base has risen since the reset (num_envs, 1), in m."""
    return state.base_position_w[:, 2:] - state.start.base_position_w[:, 2:]


def base_height_over(state: State, height_m: float) -> np.ndarray:
    """Return how far the base is above a height (num_envs, 1), in m."""
    return state.base_position_w[:, 2:] - height_m


def target_direction(state: State, links: Indices, num_still_parts: int) -> np.ndarray:
    """Return sine and cosine of the angle from the heading to the target (num_envs, 2)."""
    x, y = _target_offset(state, links, num_still_parts)
    _, _, yaw = state.base_roll_pitch_yaw
    angle = np.arctan2(y, x) - yaw
    return np.array((np.sin(angle), np.cos(angle))).T


def base_velocity_in_heading(state: State) -> np.ndarray:
    """Return the base's velocity (num_envs, 3), turned by the yaw only, in m/s."""
    vx, vy, vz = state.base_linear_velocity_w.T
    _, _, yaw = state.base_roll_pitch_yaw
    cosine, sine = np.cos(yaw), np.sin(yaw)
    return np.array((cosine * vx + sine * vy, cosine * vy - sine * vx, vz)).T


def roll_pitch(state: State) -> np.ndarray:
    """Return the base's roll and pitch (num_envs, 2), in rad."""
    roll, pitch, _ = state.base_roll_pitch_yaw
    return np.array((roll, pitch)).T


def joint_position_velocity(state: State) -> np.ndarray:
    """Return position and speed of each joint in turn (num_envs, 2 * num_joints).

    Positions are -1 and 1 at the joint's limits.
    """
    pairs = np.empty((*state.joint_velocity.shape, 2))
    pairs[:, :, 0] = _relative_position(state)
    pairs[:, :, 1] = JOINT_SPEED_SCALE * state.joint_velocity
    return pairs.reshape(len(pairs), -1)


def previous_contact(state: State, contact_links: Indices) -> np.ndarray:
    """Return 1 for each link that touched the ground one step earlier (num_envs, num_links).

    The delay is the original's: it observes before it updates the contacts.
    """
    return state.previous.link_contact[:, contact_links]


def height_alive(state: State, height_m: float, bonus: float = 1.0) -> np.ndarray:
    """Return the bonus where the base is above a height, else -1."""
    return np.where(state.base_position_w[:, 2] > height_m, bonus, -1.0)


def upright_alive(state: State, height_m: float, limit_rad: float) -> np.ndarray:
    """Return 1 where the base is above a height and its pitch within ±limit_rad, else -1."""
    _, pitch, _ = state.base_roll_pitch_yaw
    is_alive = (state.base_position_w[:, 2] > height_m) & (np.abs(pitch) < limit_rad)
    return np.where(is_alive, 1.0, -1.0)


def off_ground_alive(state: State, contact_links: Indices, limit_rad: float) -> np.ndarray:
    """Return 1 where no link touched the ground one step earlier and the pitch is within ±limit_rad, else -1."""
    _, pitch, _ = state.base_roll_pitch_yaw
    num_touching = previous_contact(state, contact_links).sum(axis=1)
    return np.where((np.abs(pitch) < limit_rad) & (num_touching == 0.0), 1.0, -1.0)


def pitch_beyond(state: State, limit_rad: float) -> np.ndarray:
    """Return whether the base's pitch has reached ±limit_rad; a termination."""
    _, pitch, _ = state.base_roll_pitch_yaw
    return np.abs(pitch) >= limit_rad


def target_progress(state: State, links: Indices, num_still_parts: int) -> np.ndarray:
    """Return how fast the walker came nearer to the target during the step, in m/s."""
    before = _target_distance(state.previous, links, num_still_parts)
    return (before - _target_distance(state, links, num_still_parts)) / state.control_dt_s


def electric_power_l1(state: State) -> np.ndarray:
    """Return the mean over the joints of |action * scaled speed|."""
    power = np.abs(state.action * JOINT_SPEED_SCALE * state.joint_velocity)
    return power.sum(axis=1) / power.shape[1]  # np.mean rounds alike and costs twice as much for few rows


def action_mean_l2(state: State) -> np.ndarray:
    """Return the mean square of the action: current through a motor even if it stands still."""
    return np.square(state.action).sum(axis=1) / state.action.shape[1]


def joints_at_limit_count(state: State) -> np.ndarray:
    """Return how many joints are within 0.5 % of their range from a limit, or beyond."""
    return (np.abs(_relative_position(state)) > 0.99).sum(axis=1)


@shared
def _relative_position(state: State) -> np.ndarray:
    return joint_position_relative(state, slice(None))


@shared
def _target_offset(state: State, links: Indices, num_still_parts: int) -> tuple[np.ndarray, np.ndarray]:
    # From the walker, which is the mean of its links and of parts that stay at 0.
    positions = state.link_position_w[:, links]
    x, y, _ = positions.sum(axis=1).T / (positions.shape[1] + num_still_parts)
    return TARGET_X_M - x, -y


@shared
def _target_distance(state: State, links: Indices, num_still_parts: int) -> np.ndarray:
    x, y = _target_offset(state, links, num_still_parts)
    return np.hypot(x, y)
