"""Terms of the Roboschool locomotion tasks, as pybullet_envs_gymnasium 0.6.0 computes them.

Any of its walkers is declared with these; robots/ant.py is the first. The target is a point far ahead
on the x axis. Sources: robot_locomotors.py (WalkerBase) and gym_locomotion_envs.py (WalkerBaseBulletEnv).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from robots.state import Indices, State

TARGET_X_M = 1000.0
"""walk_target_x."""
JOINT_SPEED_SCALE = 0.1
"""current_relative_position: brings joint speeds near 1."""


def base_height_change(state: State) -> np.ndarray:
    """Return how far the base has risen since the reset (num_envs, 1), in m."""
    return state.base_position_w[:, 2:] - state.start.base_position_w[:, 2:]


def target_direction(state: State, links: Indices) -> np.ndarray:
    """Return sine and cosine of the angle from the heading to the target (num_envs, 2)."""
    x, y = _walker_xy(state, links)
    _, _, yaw = state.base_roll_pitch_yaw
    angle = np.arctan2(-y, TARGET_X_M - x) - yaw
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
    pairs = (_relative_position(state), JOINT_SPEED_SCALE * state.joint_velocity)
    return np.stack(pairs, axis=2).reshape(len(state.flat), -1)


def previous_contact(state: State, contact_links: Indices) -> np.ndarray:
    """Return 1 for each link that touched the ground one step earlier (num_envs, num_links).

    The delay is the original's: it observes before it updates the contacts.
    """
    return state.previous.link_contact[:, contact_links]


def height_alive(state: State, height_m: float) -> np.ndarray:
    """Return 1 where the base is above a height, else -1."""
    return np.where(state.base_position_w[:, 2] > height_m, 1.0, -1.0)


def target_progress(state: State, links: Indices) -> np.ndarray:
    """Return how fast the walker came nearer to the target during the step, in m/s."""
    return (_target_distance(state.previous, links) - _target_distance(state, links)) / state.control_dt_s


def electric_power_l1(state: State) -> np.ndarray:
    """Return the mean over the joints of |action * scaled speed|."""
    return np.abs(state.action * JOINT_SPEED_SCALE * state.joint_velocity).mean(axis=1)


def action_mean_l2(state: State) -> np.ndarray:
    """Return the mean square of the action: current through a motor even if it stands still."""
    return np.square(state.action).mean(axis=1)


def joints_at_limit_count(state: State) -> np.ndarray:
    """Return how many joints are within 0.5 % of their range from a limit, or beyond."""
    return np.count_nonzero(np.abs(_relative_position(state)) > 0.99, axis=1)


def _walker_xy(state: State, links: Indices) -> tuple[np.ndarray, np.ndarray]:
    # The original averages over all links and, from its second reset on, over the floor at 0, too.
    positions = state.link_position_w[:, links]
    x, y, _ = positions.sum(axis=1).T / (positions.shape[1] + 1)
    return x, y


def _target_distance(state: State, links: Indices) -> np.ndarray:
    x, y = _walker_xy(state, links)
    return np.hypot(TARGET_X_M - x, y)


def _relative_position(state: State) -> np.ndarray:
    lower, upper = state.model.joint_lower, state.model.joint_upper
    return 2.0 * (state.joint_position - lower) / (upper - lower) - 1.0
