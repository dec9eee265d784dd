"""Reset terms: function(start, rngs, **params) changes the start in place.

`rngs` has one generator per row, so that an environment's start never depends on its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from robots.state import Indices, Start


def offset_joint_position(start: Start, rngs: list[np.random.Generator], joints: Indices, half_range: float) -> None:
    """Add to each joint's position a uniform draw from ±half_range (rad or m)."""
    start.joint_position[:, joints] += _draw(rngs, start.joint_position[:, joints].shape[1], half_range)


def offset_joint_velocity(start: Start, rngs: list[np.random.Generator], joints: Indices, half_range: float) -> None:
    """Add to each joint's velocity a uniform draw from ±half_range (rad/s or m/s)."""
    start.joint_velocity[:, joints] += _draw(rngs, start.joint_velocity[:, joints].shape[1], half_range)


def _draw(rngs: list[np.random.Generator], size: int, half_range: float) -> np.ndarray:
    return np.stack([rng.uniform(-half_range, half_range, size) for rng in rngs])
