"""Parameters, gradients and RMSprop's moment as three vectors: A2C's counterpart of flat_adam.py."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike

from engine.worker.flat_vector import FlatGradient, FlatVector


def is_plain_rmsprop(optimizer: torch.optim.Optimizer) -> bool:
    """Whether FlatRMSprop is this optimiser."""
    if type(optimizer) not in (torch.optim.RMSprop, RMSpropTFLike) or len(optimizer.param_groups) > 1:
        return False
    group = optimizer.param_groups[0]
    return not any(group.get(name) for name in ("momentum", "centered", "weight_decay", "maximize"))


class FlatRMSprop:
    """Takes the place of `step` of torch's RMSprop, and of the one that Stable-Baselines3 has from TensorFlow."""

    def __init__(self, optimizer: torch.optim.Optimizer, parameters: Iterable[torch.Tensor]) -> None:
        """Move the parameters' data into one vector; they stay the modules' own."""
        self._optimizer = optimizer
        self._is_tensorflows = isinstance(optimizer, RMSpropTFLike)
        self.vector = FlatVector(parameters)
        """The parameters."""
        self._gradient = FlatGradient(self.vector)
        self._square = torch.full((self.vector.size,), 1.0 if self._is_tensorflows else 0.0)
        self._moments = self.vector.split(self._square)

    @property
    def size(self) -> int:
        """Length of each vector."""
        return self.vector.size

    def arrays(self) -> dict[torch.Tensor, tuple[np.ndarray, np.ndarray]]:
        """Return value and gradient of each parameter as NumPy arrays over the vectors."""
        return self._gradient.arrays()

    def adopt(self) -> None:
        """Take over the state that the optimiser has been given, by a checkpoint or by nobody yet."""
        self.vector.adopt()
        state = self._optimizer.state
        for parameter, square in zip(self.vector.parameters, self._moments, strict=True):
            present = state[parameter]
            if present.get("square_avg") is square:
                continue
            if present:
                square.copy_(present["square_avg"])
            present.setdefault("step", 0 if self._is_tensorflows else torch.zeros(()))
            present["square_avg"] = square

    def step(self, *, max_grad_norm: float | None = None) -> None:
        """Clip the gradient to a norm, then update."""
        gradient = self._gradient.clipped(max_grad_norm)
        group = self._optimizer.param_groups[0]
        self._square.mul_(group["alpha"]).addcmul_(gradient, gradient, value=1.0 - group["alpha"])
        if self._is_tensorflows:
            scale = self._square.add(group["eps"]).sqrt_()
        else:
            scale = self._square.sqrt().add_(group["eps"])
        self.vector.values.addcdiv_(gradient, scale, value=-group["lr"])
        for parameter in self.vector.parameters:
            self._optimizer.state[parameter]["step"] += 1
