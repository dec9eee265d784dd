"""Rewards and terminations of poles that stand on a cart, as pybullet_envs_gymnasium 0.6.0 computes them.

Source: gym_pendulum_envs.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from robots.state import Indices, State


def upright_cosine(state: State, joints: Indices) -> np.ndarray:
    """Return the mean cosine of the joints' angles: 1 upright, -1 hanging."""
    return np.cos(state.joint_position[:, joints]).mean(axis=1)


def link_x_l2(state: State, links: Indices) -> np.ndarray:
    """Return the squared distance of the links' centres from x = 0, in m²."""
    return np.square(state.link_position_w[:, links, 0]).sum(axis=1)


def link_height_l2(state: State, links: Indices, height_m: float) -> np.ndarray:
    """Return the squared vertical distance of the links' centres from a height, in m²."""
    return np.square(state.link_position_w[:, links, 2] - height_m).sum(axis=1)


def link_below(state: State, links: Indices, height_m: float) -> np.ndarray:
    """Return whether the centre of any of the links is not above a height."""
    return np.any(state.link_position_w[:, links, 2] <= height_m, axis=1)
