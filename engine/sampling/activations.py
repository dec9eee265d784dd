"""Functions between the layers of a perceptron, in place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def tanh(values: np.ndarray) -> None:
    """Replace values by their hyperbolic tangent."""
    np.tanh(values, out=values)


def relu(values: np.ndarray) -> None:
    """Replace negative values by 0."""
    np.maximum(values, 0.0, out=values)


def elu(values: np.ndarray) -> None:
    """Replace negative values x by exp(x) - 1."""
    np.copyto(values, np.expm1(np.minimum(values, 0.0)), where=values < 0.0)


ACTIVATIONS: dict[str, Callable[[np.ndarray], None]] = {"tanh": tanh, "relu": relu, "elu": elu}
