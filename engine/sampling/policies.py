"""Policies of Stable-Baselines3 in NumPy: what a sampling process needs to act, without torch.

The weights stand one after the other in one vector of float32, which the learner writes and every sampling process
reads. The same observation gives the same action in any process and any batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import numpy as np

from engine.sampling.activations import ACTIVATIONS

BLOCK_ROWS = 8
"""Rows of one matrix product. BLAS adds in another order for another number of rows, so each product has the same."""
LOG_STD_RANGE = (-20.0, 2.0)
"""Bounds of a squashed Gaussian's log_std, stable_baselines3/sac/policies.py."""


class Noise(Enum):
    """How a policy explores."""

    NONE = "none"
    GAUSSIAN = "gaussian"
    """Independent, with a standard deviation for each element of the action."""
    STATE_DEPENDENT = "state_dependent"
    """gSDE (arXiv:2005.05719): the last hidden layer times a matrix that stays for some steps."""
    SQUASHED = "squashed"
    """Independent, with a standard deviation that the network puts out, before tanh (SAC)."""


@dataclass(frozen=True, kw_only=True)
class PolicyLayout:
    """Sizes of a policy, and where its weights are in the vector."""

    observation_size: int
    action_size: int
    hidden: tuple[int, ...]
    """Units of each hidden layer."""
    activation: str
    """tanh, relu or elu."""
    noise: Noise
    is_squashed: bool = False
    """The action passes through tanh."""

    @property
    def num_features(self) -> int:
        """Units of the last hidden layer, or the observation's where there is none."""
        return self.hidden[-1] if self.hidden else self.observation_size

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array of weights, in the vector's order; matrices are (outputs, inputs)."""
        sizes = (self.observation_size, *self.hidden)
        found: dict[str, tuple[int, ...]] = {}
        for index, (inputs, outputs) in enumerate(pairwise(sizes)):
            found[f"weight{index}"], found[f"bias{index}"] = (outputs, inputs), (outputs,)
        head = (self.action_size, self.num_features)
        found["mean_weight"], found["mean_bias"] = head, head[:1]
        if self.noise is Noise.GAUSSIAN:
            found["log_std"] = head[:1]
        elif self.noise is Noise.STATE_DEPENDENT:
            found["log_std"] = head[::-1]
        elif self.noise is Noise.SQUASHED:
            found["log_std_weight"], found["log_std_bias"] = head, head[:1]
        return found

    @property
    def num_weights(self) -> int:
        """Length of the vector."""
        return sum(int(np.prod(shape)) for shape in self.shapes().values())

    def views(self, vector: np.ndarray) -> dict[str, np.ndarray]:
        """Return each array of weights as a view of the vector (num_weights,)."""
        views, begin = {}, 0
        for name, shape in self.shapes().items():
            end = begin + int(np.prod(shape))
            views[name] = vector[begin:end].reshape(shape)
            begin = end
        return views


class NumpyPolicy:
    """Computes actions for some environments; reads the weights anew each time, so the learner may change them."""

    def __init__(self, layout: PolicyLayout, vector: np.ndarray, *, num_envs: int) -> None:
        """`vector` (num_weights,) float32 is read in place."""
        self.layout = layout
        self._num_envs = num_envs
        self._weights = layout.views(vector)
        self._activate = ACTIVATIONS[layout.activation]
        rows = -(-num_envs // BLOCK_ROWS) * BLOCK_ROWS
        layers = [_empty(rows, size) for size in (layout.observation_size, *layout.hidden)]
        means, log_stds = _empty(rows, layout.action_size), _empty(rows, layout.action_size)
        self._observations, self._means, self._log_stds = layers[0][:num_envs], means[:num_envs], log_stds[:num_envs]
        self.features = layers[-1][:num_envs]
        """The last hidden layer (num_envs, num_features) of the last call."""
        self._hidden = [
            self._layer(f"weight{index}", f"bias{index}", values, result)
            for index, (values, result) in enumerate(pairwise(layers))
        ]
        self._mean = self._layer("mean_weight", "mean_bias", layers[-1], means)
        if layout.noise is Noise.SQUASHED:
            self._log_std = self._layer("log_std_weight", "log_std_bias", layers[-1], log_stds)

    @property
    def log_std(self) -> np.ndarray:
        """Logarithm of the noise's standard deviation, of any shape that its kind has; of gSDE, its matrix's."""
        if self.layout.noise is not Noise.SQUASHED:
            return self._weights["log_std"]
        self._log_std.compute()
        return np.clip(self._log_stds, *LOG_STD_RANGE)

    def mean_actions(self, observations: np.ndarray) -> np.ndarray:
        """Return actions (num_envs, action_size) before noise and tanh for observations (num_envs, observation_size).

        Observations are normalised already. The array is used again by the next call.
        """
        self._observations[:] = observations
        for layer in self._hidden:
            layer.compute()
            self._activate(layer.result)
        self._mean.compute()
        return self._means

    def _layer(self, weight: str, bias: str, values: np.ndarray, result: np.ndarray) -> _Layer:
        blocks = [slice(begin, begin + BLOCK_ROWS) for begin in range(0, len(values), BLOCK_ROWS)]
        return _Layer(
            weight=self._weights[weight].T,
            bias=self._weights[bias],
            blocks=[(values[rows], result[rows]) for rows in blocks],
            result=result[: self._num_envs],
        )


@dataclass(frozen=True, kw_only=True)
class _Layer:
    """A linear layer. All arrays are views, made once: making them costs as much as a small product."""

    weight: np.ndarray
    """(inputs, outputs)."""
    bias: np.ndarray
    blocks: list[tuple[np.ndarray, np.ndarray]]
    """What goes in and what comes out, BLOCK_ROWS rows each."""
    result: np.ndarray
    """(num_envs, outputs) of what comes out."""

    def compute(self) -> None:
        """Fill `result`."""
        for values, product in self.blocks:
            values.dot(self.weight, out=product)  # the bits of np.matmul, in less time for few rows
        result = self.result
        result += self.bias


def _empty(rows: int, size: int) -> np.ndarray:
    return np.zeros((rows, size), dtype=np.float32)
