"""Terms of a planar arm that reaches for a target, as pybullet_envs_gymnasium 0.6.0 computes them.

Sources: robot_manipulators.py (Reacher) and gym_manipulator_envs.py (ReacherBulletEnv). The target is a command:
its x and y (m).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robots.terms.observations import joint_position_relative

if TYPE_CHECKING:
    from robots.state import Indices, Start, State

JOINT_SPEED_SCALE = 0.1
"""current_relative_position: brings joint speeds near 1."""


def draw_target(start: Start, rngs: list[np.random.Generator], half_range_m: float) -> np.ndarray:
    """Return a target for each row, (num_rows, 2), uniform in a square around 0; a command."""
    return np.stack([rng.uniform(-half_range_m, half_range_m, 2) for rng in rngs])


def target_to_tip(state: State, links: Indices, command: Indices) -> np.ndarray:
    """Return the vector from the target to the one link (num_envs, 2), in m."""
    return state.link_position_w[:, links, :2].mean(axis=1) - state.command[:, command]


def relative_direction(state: State, joints: Indices) -> np.ndarray:
    """Return cosine and sine of a joint's position within its range (num_envs, 2).

    The original takes them of the scaled position, not of the angle.
    """
    angle = joint_position_relative(state, joints)
    return np.concatenate((np.cos(angle), np.sin(angle)), axis=1)


def approach(state: State, links: Indices, command: Indices) -> np.ndarray:
    """Return how much nearer the link came to the target during the step, in m."""
    before, after = (target_to_tip(each, links, command) for each in (state.previous, state))
    return np.hypot(*before.T) - np.hypot(*after.T)


def motor_power_l1(state: State) -> np.ndarray:
    """Return the sum over the joints of |action * scaled speed|."""
    return np.abs(state.action * JOINT_SPEED_SCALE * state.joint_velocity).sum(axis=1)


def action_l1(state: State) -> np.ndarray:
    """Return the sum of the action's absolute values."""
    return np.abs(state.action).sum(axis=1)


def joint_stuck(state: State, joints: Indices) -> np.ndarray:
    """Return how many joints are within 0.5 % of their range from a limit."""
    return np.count_nonzero(np.abs(np.abs(joint_position_relative(state, joints)) - 1.0) < 0.01, axis=1)
