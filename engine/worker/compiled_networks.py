"""Networks of torch's layers for the C files: parameters where they are, and room for what a minibatch gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

from engine.kernels.library import Kernels
from engine.kernels.network import Network

Layers = Sequence[nn.Linear]
"""Hidden layers and the head."""
Learning = Mapping[torch.Tensor, tuple[np.ndarray, np.ndarray]]
"""Value and gradient of each parameter, float32."""


def reading_network(
    kernels: Kernels, layers: Layers, values: Mapping[torch.Tensor, np.ndarray], activation: str, *, batch_size: int
) -> Network:
    """Return a network for up to `batch_size` rows whose parameters get no gradient."""
    weights, biases = [values[layer.weight] for layer in layers], [values[layer.bias] for layer in layers]
    network = Network(kernels, weights, biases, activation)
    room = [[np.empty((batch_size, layer.out_features), np.float32) for layer in layers] for _ in range(2)]
    network.place(*room)
    return network


def learning_network(
    kernels: Kernels, layers: Layers, arrays: Learning, activation: str, *, batch_size: int
) -> Network:
    """Return a network for up to `batch_size` rows that writes the gradient of its parameters."""
    values = {parameter: value for parameter, (value, _) in arrays.items()}
    network = reading_network(kernels, layers, values, activation, batch_size=batch_size)
    weights, biases = [arrays[layer.weight][1] for layer in layers], [arrays[layer.bias][1] for layer in layers]
    network.place_gradients(weights, biases)
    return network
