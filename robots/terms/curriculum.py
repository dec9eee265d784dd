"""Curriculum terms: function(ended, **params) -> (num_rows,) by how much levels in 0..1 change after episodes.

Most judge an episode by a number in 0..1: from `up_at` on the level goes up by a step, below `down_at` it goes down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robots.errors import suggest

if TYPE_CHECKING:
    from robots.curriculum import EndedEpisodes


def success_step(ended: EndedEpisodes, up: float, down: float) -> np.ndarray:
    """Return `up` where an episode has succeeded, else -`down`."""
    if ended.success is None:
        raise ValueError("the task has no success to judge by; use a reward or the length of episodes")
    return np.where(ended.success, up, -down)


def reward_step(ended: EndedEpisodes, reward: str, step: float, up_at: float = 0.8, down_at: float = 0.4) -> np.ndarray:
    """Judge by a reward term's sum as a share of its weight over a whole episode.

    For terms that are at most 1. legged_gym's update_command_curriculum goes up above 0.8, and never down.
    """
    if reward not in ended.reward_weights:
        raise ValueError(f"reward: the task has no term {reward!r}{suggest(reward, ended.reward_weights)}")
    weight = ended.reward_weights[reward]
    if weight <= 0:
        raise ValueError(f"reward: the weight of {reward} is {weight:g}; needs a term that is earned, above 0")
    return _step(ended.reward_sums[reward] / (weight * ended.max_steps), step, up_at, down_at)


def survival_step(ended: EndedEpisodes, step: float, up_at: float = 0.9, down_at: float = 0.5) -> np.ndarray:
    """Judge by how much of the time limit an episode lasted."""
    return _step(ended.length_steps / ended.max_steps, step, up_at, down_at)


def _step(share: np.ndarray, step: float, up_at: float, down_at: float) -> np.ndarray:
    if not down_at <= up_at:
        raise ValueError(f"down_at: must not be above up_at; got {down_at:g} and {up_at:g}")
    return np.where(share >= up_at, step, np.where(share < down_at, -step, 0.0))
