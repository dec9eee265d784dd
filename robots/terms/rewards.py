"""Reward terms: function(state, **params) -> (num_envs,), unweighted; the weight carries the sign.

No term is multiplied by the time step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from robots.state import State


def alive(state: State) -> np.ndarray:
    """Return 1 for each step."""
    return np.ones(len(state.flat))
