"""Terms of arms: where the hand and the things on the table are, and where they begin.

A term about the hand, a link or an object reads exactly one, named in a tuple of one name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robots.rotations import roll_pitch_yaw

if TYPE_CHECKING:
    from robots.state import Indices, Start, State


def hand_position(state: State, frames: Indices) -> np.ndarray:
    """Return where the origin of a link is (num_envs, 3), in m."""
    return state.frame_position_w[:, frames].reshape(len(state.flat), -1)


def hand_velocity(state: State, frames: Indices) -> np.ndarray:
    """Return the velocity of a link's centre of mass (num_envs, 3), in m/s."""
    return state.frame_linear_velocity_w[:, frames].reshape(len(state.flat), -1)


def gripper_width(state: State, joints: Indices) -> np.ndarray:
    """Return the distance between the fingers (num_envs, 1), in m: the sum of their joints' positions."""
    return state.joint_position[:, joints].sum(axis=1, keepdims=True)


def object_position(state: State, objects: Indices) -> np.ndarray:
    """Return where the centre of an object is (num_envs, 3), in m."""
    return state.object_position_w[:, objects].reshape(len(state.flat), -1)


def object_rotation(state: State, objects: Indices) -> np.ndarray:
    """Return roll, pitch and yaw of an object (num_envs, 3), in rad."""
    return np.stack(roll_pitch_yaw(state.object_quaternion_w[:, objects].reshape(-1, 4)), axis=1)


def object_linear_velocity(state: State, objects: Indices) -> np.ndarray:
    """Return the velocity of an object (num_envs, 3), in m/s."""
    return state.object_linear_velocity_w[:, objects].reshape(len(state.flat), -1)


def object_angular_velocity(state: State, objects: Indices) -> np.ndarray:
    """Return the angular velocity of an object (num_envs, 3) about the world's axes, in rad/s."""
    return state.object_angular_velocity_w[:, objects].reshape(len(state.flat), -1)


def offset_object(start: Start, rngs: list[np.random.Generator], objects: Indices, half_range_m: float) -> None:
    """Move an object on the table by a uniform draw from ±half_range_m along x and y."""
    high = np.array((half_range_m, half_range_m, 0.0))
    start.object_position_w[:, objects] += np.stack([rng.uniform(-high, high) for rng in rngs])[:, None]
