"""Rows that minibatches are picked from, in one matrix on the device, and how numbers get there from the host."""

from __future__ import annotations

import numpy as np
import torch


def upload(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return a tensor of the host on the device, without waiting for what the device is doing."""
    if device.type != "cuda":
        return tensor.to(device)
    # Torch keeps the pinned copy until the device has read it.
    return tensor.pin_memory().to(device, non_blocking=True)


class Rows:
    """A matrix (num_rows, width), on the device or on the host, and an order to pick its rows in."""

    def __init__(self, matrix: torch.Tensor) -> None:
        self.matrix = matrix
        self._order = torch.empty(0, dtype=torch.int64)

    def put_in_order(self, order: np.ndarray) -> None:
        """Choose the rows to be picked (num_picks,), int64."""
        self._order = upload(torch.from_numpy(order), self.matrix.device)

    def pick(self, begin: int, *, into: torch.Tensor) -> None:
        """Fill `into` (num_rows, width), which is on the device, from place `begin` of the order on."""
        indices = self._order[begin : begin + len(into)]
        if self.matrix.device == into.device:
            torch.index_select(self.matrix, 0, indices, out=into)
        else:
            into.copy_(upload(self.matrix.index_select(0, indices), into.device))
