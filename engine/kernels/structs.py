"""What the structures of the C files are made of, for their twins in ctypes."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.kernels.library import address


def pointers(*names: str) -> tuple[tuple[str, type], ...]:
    """Return fields that are addresses."""
    return tuple((name, ctypes.c_void_p) for name in names)


def numbers(*names: str) -> tuple[tuple[str, type], ...]:
    """Return fields of 64-bit integers."""
    return tuple((name, ctypes.c_int64) for name in names)


def reals(*names: str) -> tuple[tuple[str, type], ...]:
    """Return fields of double precision."""
    return tuple((name, ctypes.c_double) for name in names)


class AdamStruct(ctypes.Structure):
    """`struct adam` of adam.h."""

    _fields_ = (
        *pointers("values", "gradients", "means", "squares"),
        *reals("learning_rate", "beta1", "beta2", "eps", "weight_decay"),
        *numbers("num_steps"),
    )

    @classmethod
    def over(cls, vectors: Sequence[np.ndarray]) -> AdamStruct:
        """Return the structure for parameters, their gradient and both moments, float32 vectors that must live on."""
        return cls(*map(address, vectors))

    def set(self, group: Mapping[str, Any], *, num_steps: int) -> None:
        """Take over the settings of torch's optimiser, and how many steps it has taken."""
        self.learning_rate, self.eps, self.weight_decay = group["lr"], group["eps"], group["weight_decay"]
        self.beta1, self.beta2 = group["betas"]
        self.num_steps = num_steps
