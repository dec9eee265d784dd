"""Terms of goal tasks: distance, reward and success of an achieved against a desired goal.

The rule of panda-gym 3.0.7 (envs/tasks/*.py: compute_reward, is_success), after Gymnasium-Robotics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from robots.state import Indices, Start, State

Point = tuple[float, float, float]


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


def draw_goal(
    start: Start, rngs: list[np.random.Generator], low_w: Point, high_w: Point, low_share: float = 0.0
) -> np.ndarray:
    """Return a goal for each row (num_rows, 3), uniform in a box; a command.

    This share of them is at the lowest height, where a task needs no grasp and learning can begin.
    """
    drawn = np.empty((len(rngs), 3))
    for row, rng in enumerate(rngs):
        drawn[row] = rng.uniform(low_w, high_w)
        if low_share and rng.random() < low_share:
            drawn[row, 2] = low_w[2]
    return drawn
