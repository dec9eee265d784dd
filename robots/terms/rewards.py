"""Reward terms: function(state, **params) -> (num_envs,), unweighted; the weight carries the sign.

No term is multiplied by the time step. Most are those of legged_gym (legged_robot.py, `_reward_*`) and
Isaac Lab (isaaclab/envs/mdp/rewards.py) under names that say what is measured and how.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robots.terms.kernels import exp_kernel

if TYPE_CHECKING:
    from robots.state import State


def alive(state: State) -> np.ndarray:
    """Return 1 for each step."""
    return np.ones(len(state.flat))


def track_speed_x_exp(state: State, target_m_s: float, width_m_s: float) -> np.ndarray:
    """Return 1 where the base moves ahead at the target speed, falling off by exp_kernel."""
    speed = state.base_linear_velocity_b[:, 0]
    return exp_kernel(np.square(speed - target_m_s), width_m_s)


def track_yaw_rate_exp(state: State, target_rad_s: float, width_rad_s: float) -> np.ndarray:
    """Return 1 where the base turns at the target rate, falling off by exp_kernel."""
    rate = state.base_angular_velocity_b[:, 2]
    return exp_kernel(np.square(rate - target_rad_s), width_rad_s)


def speed_y_l2(state: State) -> np.ndarray:
    """Return the squared sideways speed of the base, in m²/s²."""
    return np.square(state.base_linear_velocity_b[:, 1])


def speed_z_l2(state: State) -> np.ndarray:
    """Return the squared vertical speed of the base, in its own frame, in m²/s² (lin_vel_z_l2)."""
    return np.square(state.base_linear_velocity_b[:, 2])


def angular_speed_xy_l2(state: State) -> np.ndarray:
    """Return the squared rate of roll and pitch, in rad²/s² (ang_vel_xy_l2)."""
    rates = state.base_angular_velocity_b[:, :2]
    return np.square(rates).sum(axis=1)


def orientation_l2(state: State) -> np.ndarray:
    """Return the squared sine of the base's tilt (flat_orientation_l2)."""
    return np.square(state.gravity_direction_b[:, :2]).sum(axis=1)


def joint_effort_l2(state: State) -> np.ndarray:
    """Return the sum of the squared efforts, in N²·m² (joint_torques_l2)."""
    return np.square(state.joint_effort).sum(axis=1)


def action_rate_l2(state: State) -> np.ndarray:
    """Return the squared change of the action since the last step (action_rate_l2)."""
    return np.square(state.action - state.previous.action).sum(axis=1)
