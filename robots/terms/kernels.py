"""Functions that shape an error into a reward between 0 and 1."""

from __future__ import annotations

import numpy as np


def exp_kernel(squared_error: np.ndarray, width: float) -> np.ndarray:
    """Return exp(-squared_error / width**2): 1 without error, 0.37 at an error of `width`.

    legged_gym's tracking kernel, with tracking_sigma = width**2.
    """
    return np.exp(-squared_error / width**2)
