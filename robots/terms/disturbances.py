"""Disturbance terms: function(start, rngs, **params, level) changes velocities in the middle of an episode.

The start holds the present state. A curriculum's level below 1 makes pushes weaker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robots.terms.sampling import Rngs, draw

if TYPE_CHECKING:
    from robots.state import Indices, Start

Vector = tuple[float, float, float]


def push_base(
    start: Start,
    rngs: Rngs,
    half_range_m_s: Vector,
    half_range_rad_s: Vector = (0.0, 0.0, 0.0),
    *,
    level: np.ndarray,
) -> None:
    """Add to the base's velocity what is drawn from ±half ranges along x, y, z of the world, and about them.

    Isaac Lab's push_by_setting_velocity; legged_gym's push_robots with its max_push_vel_xy sets the velocity instead.
    """
    start.base_linear_velocity_w += _draw_vector(rngs, half_range_m_s, level)
    start.base_angular_velocity_w += _draw_vector(rngs, half_range_rad_s, level)


def push_joints(start: Start, rngs: Rngs, joints: Indices, half_range: float, *, level: np.ndarray) -> None:
    """Add to each joint's velocity what is drawn from ±`half_range` (rad/s or m/s): for robots whose root is fixed."""
    size = start.joint_velocity[:, joints].shape[1]
    start.joint_velocity[:, joints] += level[:, None] * draw(rngs, size, (-half_range, half_range))


def _draw_vector(rngs: Rngs, half_range: Vector, level: np.ndarray) -> np.ndarray:
    return level[:, None] * np.array(half_range) * draw(rngs, 3, (-1.0, 1.0))
