"""Parameters in one vector that NumPy and torch share: what is done to all of them is then one call."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch


class FlatVector:
    """The data of some parameters on the CPU. They stay the modules' own, as views of the vector."""

    def __init__(self, parameters: Iterable[torch.Tensor]) -> None:
        self._parameters = list(parameters)
        self._ends = np.cumsum([0, *(parameter.numel() for parameter in self._parameters)]).tolist()
        self.size: int = self._ends[-1]
        """Length of the vector."""
        self.values = torch.zeros(self.size)
        self._views = self.split(self.values)
        self.adopt()

    @property
    def parameters(self) -> list[torch.Tensor]:
        """The parameters, in the order of the vector."""
        return self._parameters

    def adopt(self) -> None:
        """Take over data that somebody put in a parameter's place, as loading does with SB3's variables."""
        for parameter, view in zip(self._parameters, self._views, strict=True):
            if parameter.data_ptr() != view.data_ptr():
                view.copy_(parameter.data)
                parameter.data = view

    def span(self, parameter: torch.Tensor) -> tuple[int, int]:
        """Return where a parameter begins and ends in the vector."""
        index = next(index for index, each in enumerate(self._parameters) if each is parameter)
        return self._ends[index], self._ends[index + 1]

    def split(self, vector: torch.Tensor) -> list[torch.Tensor]:
        """Return a vector of the same length as views in the parameters' shapes."""
        spans = zip(self._parameters, self._ends[:-1], self._ends[1:], strict=True)
        return [vector[begin:end].view(parameter.shape) for parameter, begin, end in spans]

    def arrays(self, vector: torch.Tensor | None = None) -> dict[torch.Tensor, np.ndarray]:
        """Return, for each parameter, an array over its part of the values, or of another vector."""
        views = self.split(self.values if vector is None else vector)
        return {parameter: view.numpy() for parameter, view in zip(self._parameters, views, strict=True)}

    def follow(self, other: FlatVector, *, tau: float) -> None:
        """Go the part `tau` of the way to another vector, as stable_baselines3.common.utils.polyak_update does."""
        self.values.mul_(1.0 - tau)
        torch.add(self.values, other.values, alpha=tau, out=self.values)


class FlatGradient:
    """The gradient of a vector, as the sum of parts that threads can write at the same time."""

    def __init__(self, vector: FlatVector, *, num_parts: int = 1) -> None:
        self._vector = vector
        self._parts = [torch.zeros(vector.size) for _ in range(num_parts)]

    def arrays(self, *, part: int = 0) -> dict[torch.Tensor, tuple[np.ndarray, np.ndarray]]:
        """Return value and a part of the gradient of each parameter as NumPy arrays over the vectors."""
        values, gradients = self._vector.arrays(), self._vector.arrays(self._parts[part])
        return {parameter: (value, gradients[parameter]) for parameter, value in values.items()}

    def part(self, index: int) -> np.ndarray:
        """Return a part as one array."""
        return self._parts[index].numpy()

    def clipped(self, max_norm: float | None) -> torch.Tensor:
        """Return the sum, clipped to a norm as torch.nn.utils.clip_grad_norm_ does it."""
        gradient = self._parts[0]
        for part in self._parts[1:]:
            gradient += part
        if max_norm is not None:
            norm = float(torch.linalg.vector_norm(gradient))
            if norm + 1e-6 > max_norm:
                gradient *= max_norm / (norm + 1e-6)
        return gradient
