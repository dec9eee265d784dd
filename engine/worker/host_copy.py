"""Parameters of a network on a GPU as NumPy arrays, so that the CPU can act for a few environments by itself."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch


class HostCopy:
    """A copy of some parameters, as they were when it was last refreshed."""

    def __init__(self, parameters: Iterable[torch.Tensor]) -> None:
        self._parameters = list(parameters)
        self._vector = torch.zeros(sum(parameter.numel() for parameter in self._parameters))
        self.refresh()

    def arrays(self) -> dict[torch.Tensor, np.ndarray]:
        """Return, for each parameter, an array that `refresh` writes into."""
        parts = self._vector.split([parameter.numel() for parameter in self._parameters])
        pairs = zip(self._parameters, parts, strict=True)
        return {parameter: part.view(parameter.shape).numpy() for parameter, part in pairs}

    def refresh(self) -> None:
        """Copy the parameters as they are now, in one transfer."""
        self._vector.copy_(torch.cat([parameter.detach().reshape(-1) for parameter in self._parameters]))
