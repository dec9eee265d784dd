"""Parameters, gradients and Adam's moments as four vectors, shared with torch: an optimiser step is then one call.

Torch's own optimiser keeps its state as views of these vectors, so that checkpoints are what stock Stable-Baselines3
writes and reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch.optim.adam import adam

from engine.worker.flat_vector import FlatGradient, FlatVector


class FlatAdam:
    """Takes the place of `torch.optim.Adam.step` for parameters of one group on the CPU."""

    def __init__(self, optimizer: torch.optim.Adam, parameters: Iterable[torch.Tensor], *, num_parts: int = 1) -> None:
        """Move the parameters' data into one vector; they stay the modules' own.

        The gradient is the sum of `num_parts`, which threads can write at the same time.
        """
        self._optimizer = optimizer
        self.vector = FlatVector(parameters)
        """The parameters."""
        self._gradient = FlatGradient(self.vector, num_parts=num_parts)
        self._mean, self._square = torch.zeros(self.vector.size), torch.zeros(self.vector.size)
        self._moments = list(zip(*map(self.vector.split, (self._mean, self._square)), strict=True))
        self._step = torch.zeros(())
        # Stock Adam, which may load this state, counts for each parameter by itself.
        self._steps = torch.zeros(len(self.vector.parameters))

    @property
    def size(self) -> int:
        """Length of each vector."""
        return self.vector.size

    def arrays(self, *, part: int = 0) -> dict[torch.Tensor, tuple[np.ndarray, np.ndarray]]:
        """Return value and a part of the gradient of each parameter as NumPy arrays over the vectors."""
        return self._gradient.arrays(part=part)

    @property
    def settings(self) -> dict[str, Any]:
        """`lr`, `betas` and the like, as torch's optimiser has them now."""
        return self._optimizer.param_groups[0]

    @property
    def num_steps(self) -> int:
        """Steps taken so far."""
        return int(self._step)

    @num_steps.setter
    def num_steps(self, number: int) -> None:
        self._step.fill_(number)
        self._steps.fill_(number)

    def vectors(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return parameters, the first part of the gradient, and the moments, for a step that is made elsewhere."""
        return self.vector.values.numpy(), self._gradient.part(0), self._mean.numpy(), self._square.numpy()

    def gradient(self, *, part: int) -> np.ndarray:
        """Return a part of the gradient."""
        return self._gradient.part(part)

    def adopt(self) -> None:
        """Take over the state that the optimiser has been given, by a checkpoint or by nobody yet."""
        self.vector.adopt()
        state = self._optimizer.state
        for index, (parameter, (mean, square)) in enumerate(zip(self.vector.parameters, self._moments, strict=True)):
            present = state[parameter]
            if present.get("exp_avg") is mean:
                continue
            if present:
                mean.copy_(present["exp_avg"])
                square.copy_(present["exp_avg_sq"])
                self._step.copy_(present["step"])
            state[parameter] = {"step": self._steps[index], "exp_avg": mean, "exp_avg_sq": square}

    def step(self, *, max_grad_norm: float | None = None) -> None:
        """Clip the gradient to a norm, then update; as clip_grad_norm_ and Adam do."""
        gradient = self._gradient.clipped(max_grad_norm)
        group = self.settings
        beta1, beta2 = group["betas"]
        adam(
            [self.vector.values],
            [gradient],
            [self._mean],
            [self._square],
            [],
            [self._step],
            fused=True,
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )
        self._steps.fill_(self._step)
