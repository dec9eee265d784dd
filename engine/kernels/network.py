"""A perceptron at fixed places in memory, for network.c."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np

from engine.kernels.library import Kernels, address

ACTIVATIONS = {"tanh": 0, "relu": 1, "elu": 2}


class NetworkStruct(ctypes.Structure):
    """`struct network` of network.h."""

    _fields_ = (
        ("sgemm", ctypes.c_void_p),
        ("sgemv", ctypes.c_void_p),
        ("num_hidden", ctypes.c_int64),
        ("activation", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("sizes", "weights", "biases", "values", "slopes")),
        *((name, ctypes.c_void_p) for name in ("weight_gradients", "bias_gradients")),
    )


class Network:
    """Hidden layers with an activation after each, and the head behind them."""

    def __init__(
        self, kernels: Kernels, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray], activation: str
    ) -> None:
        """Weights are (outputs, inputs), as torch has them; the last are the head's. All are read in place."""
        self._kernels = kernels
        self._kept: dict[str, object] = {}
        self.struct = NetworkStruct(
            sgemm=kernels.sgemm,
            sgemv=kernels.sgemv,
            num_hidden=len(weights) - 1,
            activation=ACTIVATIONS[activation],
        )
        sizes = np.array([weights[0].shape[1], *(len(weight) for weight in weights)], dtype=np.int64)
        self.struct.sizes = address(sizes)
        self._kept["sizes"] = sizes
        self._keep(weights=weights, biases=biases)

    def place(self, values: Sequence[np.ndarray], slopes: Sequence[np.ndarray]) -> None:
        """Say where each layer's values and the derivatives by them are, each (at least num_rows, units)."""
        self._keep(values=values, slopes=slopes)

    def place_gradients(self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> None:
        """Say where gradients are written."""
        self._keep(weight_gradients=weights, bias_gradients=biases)

    def forward(self, inputs: np.ndarray) -> None:
        """Write the hidden layers' values for inputs (num_rows, num_inputs), float32, row by row."""
        self._kernels.forward(ctypes.byref(self.struct), len(inputs), address(inputs))

    def backward(self, inputs: np.ndarray) -> None:
        """Write the hidden layers' gradients, given the derivatives by the last of them where its slopes are."""
        self._kernels.backward(ctypes.byref(self.struct), len(inputs), address(inputs))

    def descend(self, rows: np.ndarray) -> None:
        """Write the derivatives by the first layer for some rows (num_rows,), int64, of the values.

        They are given where the last hidden layer's slopes are, and come where the first one's are, a row for each of
        `rows`.
        """
        self._kernels.descend(ctypes.byref(self.struct), len(rows), address(rows))

    def regress(self, inputs: np.ndarray, targets: np.ndarray, scale: np.float32) -> tuple[np.ndarray, np.ndarray]:
        """Write the gradients of least squares, all but that of the head's bias, where there is one output.

        Returns outputs - targets, both (num_rows,), and that times `scale`, the loss's derivative by the outputs.
        """
        errors, by_outputs = np.empty((2, len(inputs)), dtype=np.float32)
        places = (address(inputs), address(targets), scale, address(errors), address(by_outputs))
        self._kernels.regress(ctypes.byref(self.struct), len(inputs), *places)
        return errors, by_outputs

    def _keep(self, **arrays: Sequence[np.ndarray]) -> None:
        for name, those in arrays.items():
            places = (ctypes.c_void_p * len(those))(*map(address, those))
            setattr(self.struct, name, ctypes.addressof(places))
            self._kept[name] = (places, those)


def fits(inputs: np.ndarray) -> bool:
    """Whether the kernels take these inputs: NumPy multiplies a single row in another way."""
    return len(inputs) > 1 and inputs.dtype == np.float32 and inputs.flags.c_contiguous
