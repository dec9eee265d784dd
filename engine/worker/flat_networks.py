"""Find the layers of Stable-Baselines3's networks, and say which of its policies the closed forms cover."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.torch_layers import CombinedExtractor, FlattenExtractor
from torch import nn

from engine.worker.perceptron import ACTIVATIONS, Perceptron

_ACTIVATION_NAMES: dict[type[nn.Module], str] = {nn.Tanh: "tanh", nn.ReLU: "relu", nn.ELU: "elu"}
Numbers = torch.Tensor | np.ndarray


def activation_name(kind: type[nn.Module]) -> str | None:
    """Return the name of an activation in ACTIVATIONS; None: it is not there."""
    return _ACTIVATION_NAMES.get(kind)


def is_plain_adam(optimizer: torch.optim.Optimizer) -> bool:
    """Whether FlatAdam is this optimiser."""
    if type(optimizer) is not torch.optim.Adam or len(optimizer.param_groups) > 1:
        return False
    return not any(optimizer.param_groups[0][name] for name in ("amsgrad", "maximize", "decoupled_weight_decay"))


def has_plain_features(network: Any) -> bool:
    """Whether features are the observations as they are: numbers without images or choices."""
    space = network.observation_space
    parts = space.spaces.values() if isinstance(space, spaces.Dict) else [space]
    kind = CombinedExtractor if isinstance(space, spaces.Dict) else FlattenExtractor
    are_numbers = all(isinstance(part, spaces.Box) and np.issubdtype(part.dtype, np.floating) for part in parts)
    assert isinstance(network, BasePolicy | nn.Module)
    return are_numbers and type(network.features_extractor) is kind


def flatten(observations: Numbers | Mapping[str, Numbers]) -> np.ndarray:
    """Return observations (num_rows, observation_size) as FlattenExtractor and CombinedExtractor do."""
    if isinstance(observations, Mapping):
        return np.concatenate([flatten(part) for part in observations.values()], axis=1)
    return np.asarray(observations, dtype=np.float32).reshape(len(observations), -1)


def linears(modules: Iterable[nn.Module]) -> list[nn.Linear]:
    """Return the layers among some modules, in their order."""
    return [layer for layer in modules if isinstance(layer, nn.Linear)]


def make_perceptron(
    layers: Iterable[nn.Linear],
    arrays: Mapping[torch.Tensor, tuple[np.ndarray, np.ndarray]],
    activation: str,
    *,
    batch_size: int,
) -> Perceptron:
    """Return the perceptron of some layers over the arrays of value and gradient of their parameters."""
    pairs = [(arrays[layer.weight], arrays[layer.bias]) for layer in layers]
    values = [(weight[0], bias[0]) for weight, bias in pairs]
    gradients = [(weight[1], bias[1]) for weight, bias in pairs]
    return Perceptron(values, gradients, ACTIVATIONS[activation], batch_size=batch_size)


def make_reader(
    layers: Iterable[nn.Linear], arrays: Mapping[torch.Tensor, np.ndarray], activation: str, *, batch_size: int
) -> Perceptron:
    """Return the perceptron of some layers whose weights get no gradient."""
    values = [(arrays[layer.weight], arrays[layer.bias]) for layer in layers]
    return Perceptron(values, (), ACTIVATIONS[activation], batch_size=batch_size)
