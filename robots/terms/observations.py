"""Observation terms: function(state, **params) -> (num_envs, dim)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from robots.state import State
    from robots.terms import Indices


def joint_position(state: State, joints: Indices) -> np.ndarray:
    """Return the joints' positions (rad or m)."""
    return state.joint_position[:, joints]


def joint_velocity(state: State, joints: Indices) -> np.ndarray:
    """Return the joints' velocities (rad/s or m/s)."""
    return state.joint_velocity[:, joints]
