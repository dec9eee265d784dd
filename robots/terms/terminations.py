"""Termination terms: function(state, **params) -> (num_envs,) of bool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from robots.state import Indices, State


def joint_beyond(state: State, joints: Indices, limit: float) -> np.ndarray:
    """Return whether any of the joints is further than `limit` (rad or m) from zero."""
    return np.any(np.abs(state.joint_position[:, joints]) > limit, axis=1)


def base_below(state: State, height_m: float) -> np.ndarray:
    """Return whether the base's centre of mass is not above a height over the ground below it."""
    return state.base_height_m <= height_m


def tilt_beyond(state: State, limit_rad: float) -> np.ndarray:
    """Return whether the base leans more than `limit_rad` from upright, to any side."""
    return state.gravity_direction_b[:, 2] > -np.cos(limit_rad)


def ground_contact(state: State, contact_links: Indices) -> np.ndarray:
    """Return whether any of the links touches the ground."""
    return np.any(state.link_contact[:, contact_links] > 0.0, axis=1)
