"""Termination terms: function(state, **params) -> (num_envs,) of bool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from robots.state import State
    from robots.terms import Indices


def joint_beyond(state: State, joints: Indices, limit: float) -> np.ndarray:
    """Return whether any of the joints is further than `limit` (rad or m) from zero."""
    return np.any(np.abs(state.joint_position[:, joints]) > limit, axis=1)
