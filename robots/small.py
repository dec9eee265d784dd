"""Questions asked about small arrays several times a step, where .any() and .all() take three to five times as long."""

from __future__ import annotations

import numpy as np


def any_true(mask: np.ndarray) -> bool:
    """Return whether any element of an array of bool is true."""
    return b"\1" in mask.tobytes()


def all_finite(values: np.ndarray) -> bool:
    """Return whether no element is infinite or NaN."""
    return b"\0" not in np.isfinite(values).tobytes()
