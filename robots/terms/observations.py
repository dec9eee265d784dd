"""Observation terms: function(state, **params) -> (num_envs, dim)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from robots.state import Indices, State


def joint_position(state: State, joints: Indices) -> np.ndarray:
    """Return the joints' positions (rad or m)."""
    return state.joint_position[:, joints]


def joint_velocity(state: State, joints: Indices) -> np.ndarray:
    """Return the joints' velocities (rad/s or m/s)."""
    return state.joint_velocity[:, joints]


def joint_position_relative(state: State, joints: Indices) -> np.ndarray:
    """Return the joints' positions within their range: -1 at the lower limit, 1 at the upper one.

    A joint without limits has the engine's 1 and 0 for them, and so gives 1 - 2 * position.
    """
    lower, upper = state.model.joint_lower[joints], state.model.joint_upper[joints]
    return 2.0 * (state.joint_position[:, joints] - lower) / (upper - lower) - 1.0


def joint_direction(state: State, joints: Indices) -> np.ndarray:
    """Return the cosine and the sine of the joints' angles, all cosines first."""
    angle = state.joint_position[:, joints]
    return np.concatenate((np.cos(angle), np.sin(angle)), axis=1)


def link_position_x(state: State, links: Indices) -> np.ndarray:
    """Return how far ahead in the world the links' centres of mass are (m)."""
    return state.link_position_w[:, links, 0]


def link_position(state: State, links: Indices) -> np.ndarray:
    """Return where the links' centres of mass are (num_envs, 3 for each link), in m."""
    return state.link_position_w[:, links].reshape(len(state.flat), -1)


def joint_position_from_default(state: State, joints: Indices) -> np.ndarray:
    """Return the joints' positions from their default ones (rad or m)."""
    return state.joint_position[:, joints] - state.model.default_joint_position[joints]


def base_linear_velocity_b(state: State) -> np.ndarray:
    """Return the base's velocity ahead, to the left, up (num_envs, 3), in m/s."""
    return state.base_linear_velocity_b


def base_angular_velocity_b(state: State) -> np.ndarray:
    """Return the base's rate of roll, pitch and yaw (num_envs, 3), in rad/s."""
    return state.base_angular_velocity_b


def gravity_direction_b(state: State) -> np.ndarray:
    """Return the unit vector that points down (num_envs, 3); (0, 0, -1) if the base is level."""
    return state.gravity_direction_b


def last_action(state: State) -> np.ndarray:
    """Return the last action, clipped to [-1, 1] (num_envs, num_actions)."""
    return state.action
