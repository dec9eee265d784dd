"""Terms of goal tasks: distance, reward and success of an achieved against a desired goal.

The rule of panda-gym 3.0.7 (envs/tasks/*.py: compute_reward, is_success), after Gymnasium-Robotics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from robots.state import Indices, State


def goal_distance(achieved: np.ndarray, desired: np.ndarray) -> np.ndarray:
    """Return the distance of goals (..., dim), of shape (...)."""
    return np.linalg.norm(achieved - desired, axis=-1)


def goal_reward(achieved: np.ndarray, desired: np.ndarray, *, threshold_m: float, is_sparse: bool) -> np.ndarray:
    """Return the reward for goals (..., dim): -1 until the goal is reached, then 0; or minus the distance."""
    distance = goal_distance(achieved, desired)
    return -(distance > threshold_m).astype(np.float64) if is_sparse else -distance


def command(state: State, command: Indices) -> np.ndarray:
    """Return a command (num_envs, dim)."""
    return state.command[:, command]
