"""Parameters, gradients and Adam's moments as four vectors, shared with torch: an optimiser step is then one call.

Torch's own optimiser keeps its state as views of these vectors, so that checkpoints are what stock Stable-Baselines3
writes and reads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.optim.adam import adam


class FlatAdam:
    """Takes the place of `torch.optim.Adam.step` for parameters of one group on the CPU."""

    def __init__(self, optimizer: torch.optim.Adam, parameters: Sequence[nn.Parameter]) -> None:
        """Move the parameters' data into one vector; they stay the modules' own."""
        self._optimizer = optimizer
        self._parameters = list(parameters)
        self.size = sum(parameter.numel() for parameter in self._parameters)
        """Length of each vector."""
        self._values, self._gradient, self._mean, self._square = (torch.zeros(self.size) for _ in range(4))
        self._step = torch.zeros(())
        self._ends = np.cumsum([0, *(parameter.numel() for parameter in self._parameters)]).tolist()
        for parameter, view in zip(self._parameters, self._views(self._values), strict=True):
            view.copy_(parameter.data)
            parameter.data = view

    def arrays(self) -> dict[nn.Parameter, tuple[np.ndarray, np.ndarray]]:
        """Return value and gradient of each parameter as NumPy arrays over the vectors."""
        pairs = zip(self._views(self._values), self._views(self._gradient), strict=True)
        return {
            parameter: (value.numpy(), gradient.numpy())
            for parameter, (value, gradient) in zip(self._parameters, pairs, strict=True)
        }

    def adopt(self) -> None:
        """Take over the state that the optimiser has been given, by a checkpoint or by nobody yet."""
        state = self._optimizer.state
        kept = (self._mean, self._square)
        for parameter, mean, square in zip(self._parameters, *map(self._views, kept), strict=True):
            present = state[parameter]
            if present.get("exp_avg") is mean:
                continue
            if present:
                mean.copy_(present["exp_avg"])
                square.copy_(present["exp_avg_sq"])
                self._step.copy_(present["step"])
            state[parameter] = {"step": self._step, "exp_avg": mean, "exp_avg_sq": square}

    def step(self, *, max_grad_norm: float) -> None:
        """Clip the gradient to a norm, then update; as clip_grad_norm_ and Adam do."""
        norm = float(torch.linalg.vector_norm(self._gradient))
        if norm + 1e-6 > max_grad_norm:  # torch.nn.utils.clip_grad_norm_
            self._gradient *= max_grad_norm / (norm + 1e-6)
        group = self._optimizer.param_groups[0]
        beta1, beta2 = group["betas"]
        adam(
            [self._values],
            [self._gradient],
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

    def _views(self, vector: torch.Tensor) -> list[torch.Tensor]:
        spans = zip(self._parameters, self._ends[:-1], self._ends[1:], strict=True)
        return [vector[begin:end].view(parameter.shape) for parameter, begin, end in spans]
