"""The forward and backward pass of a perceptron in NumPy: a minibatch then costs its products and little else.

An eager autograd step of torch spends more on bookkeeping than on arithmetic when networks are this small. Arrays are
made once and used again. Weights and gradients are views of vectors that the learner shares with torch. Hidden layers
with rectifiers are computed by engine/kernels where that can be compiled; the numbers are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.kernels.library import load_kernels
from engine.kernels.network import Network, fits

Layers = Sequence[tuple[np.ndarray, np.ndarray]]
"""Weight (outputs, inputs) and bias (outputs,) of each layer, as torch's Linear has them."""


@dataclass(frozen=True)
class Activation:
    """A function between layers and what its derivative does to a gradient."""

    apply: Callable[[np.ndarray], object]
    """Changes values in place."""
    backward: Callable[[np.ndarray, np.ndarray], object]
    """backward(gradient, values): multiplies the gradient in place by the derivative, given the function's values."""


def _tanh(values: np.ndarray) -> None:
    np.tanh(values, out=values)


def _tanh_backward(gradient: np.ndarray, values: np.ndarray) -> None:
    gradient *= 1.0 - np.square(values)


def _relu(values: np.ndarray) -> None:
    np.clip(values, 0.0, np.inf, out=values)  # a third of the time of np.maximum with a number


def _relu_backward(gradient: np.ndarray, values: np.ndarray) -> None:
    gradient *= values > 0.0


def _elu(values: np.ndarray) -> None:
    np.copyto(values, np.expm1(np.minimum(values, 0.0)), where=values < 0.0)


def _elu_backward(gradient: np.ndarray, values: np.ndarray) -> None:
    gradient *= np.minimum(values, 0.0) + 1.0


ACTIVATIONS = {
    "tanh": Activation(_tanh, _tanh_backward),
    "relu": Activation(_relu, _relu_backward),
    "elu": Activation(_elu, _elu_backward),
}


class Perceptron:
    """Hidden layers with an activation after each, then a layer without one."""

    def __init__(self, layers: Layers, gradients: Layers, activation: Activation, *, batch_size: int) -> None:
        """`layers` are read and `gradients` written in place, usually for `batch_size` rows.

        Without `gradients` there is no backward pass but `by_inputs`.
        """
        self._layers = layers
        self._gradients = gradients
        self._activation = activation
        self._hidden = self._compile()
        self._make_room(batch_size)
        self._inputs = np.empty((0, 0), dtype=np.float32)

    @property
    def features(self) -> np.ndarray:
        """The last hidden layer (num_rows, units) of the last forward pass; the inputs, where there is none."""
        return self._values[-2][: len(self._inputs)] if len(self._values) > 1 else self._inputs

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return the outputs (num_rows, num_outputs) for inputs (num_rows, num_inputs); the array is used again."""
        num_rows, values = len(inputs), inputs
        self._inputs = inputs
        if num_rows > len(self._values[0]):
            self._make_room(num_rows)
        if first := self._num_compiled(inputs):
            assert self._hidden is not None
            self._hidden.forward(inputs)
            values = self._values[first - 1][:num_rows]
        for index in range(first, len(self._layers)):
            weight, bias = self._layers[index]
            values = np.matmul(values, weight.T, out=self._values[index][:num_rows])
            values += bias
            if index < len(self._layers) - 1:
                self._activation.apply(values)
        return values

    def backward(self, slope: np.ndarray, by_features: np.ndarray | None = None) -> None:
        """Write the gradients of a loss, given its derivative by the outputs (num_rows, num_outputs).

        `by_features` (num_rows, units) is what the loss depends on the last hidden layer other than by the outputs.
        """
        num_rows, last = len(slope), len(self._layers) - 1
        num_compiled = self._num_compiled(self._inputs)
        for index in range(last, num_compiled - 1, -1):
            inputs = self._values[index - 1][:num_rows] if index else self._inputs
            weight_gradient, bias_gradient = self._gradients[index]
            np.matmul(slope.T, inputs, out=weight_gradient)
            np.sum(slope, axis=0, out=bias_gradient)
            if index:
                slope = _times(slope, self._layers[index][0], out=self._slopes[index - 1][:num_rows])
                if by_features is not None and index == last:
                    slope += by_features
                if index > num_compiled:
                    self._activation.backward(slope, inputs)
        if num_compiled:
            assert self._hidden is not None
            self._hidden.backward(self._inputs)

    def regress(self, inputs: np.ndarray, targets: np.ndarray, scale: np.float32) -> np.ndarray:
        """Write the gradients of least squares where there is one output; return outputs - targets (num_rows,).

        `scale` times that is the loss's derivative by the outputs; targets are (num_rows,).
        """
        if not self._num_compiled(inputs) or not fits(targets):
            errors = self.forward(inputs)[:, 0] - targets
            self.backward((scale * errors)[:, None])
            return errors
        assert self._hidden is not None
        self._inputs = inputs
        if len(inputs) > len(self._values[0]):
            self._make_room(len(inputs))
        errors, by_outputs = self._hidden.regress(inputs, targets, scale)
        np.sum(by_outputs[:, None], axis=0, out=self._gradients[-1][1])
        return errors

    def by_inputs(self, slope: np.ndarray, *, rows: np.ndarray, columns: slice) -> np.ndarray:
        """Return the derivative of a loss by some `columns` of the inputs (len(rows), num_columns).

        `slope` (len(rows), num_outputs) is its derivative by the outputs of these rows of the last forward pass.
        """
        # A product of one row is another one, as it is with `fits`.
        num_compiled = self._num_compiled(self._inputs) if len(rows) > 1 else 0
        for index in range(len(self._layers) - 1, max(0, num_compiled - 1), -1):
            slope = _times(slope, self._layers[index][0], out=self._slopes[index - 1][: len(rows)])
            if not num_compiled:
                self._activation.backward(slope, self._values[index - 1][rows])
        if num_compiled:
            assert self._hidden is not None
            self._hidden.descend(rows)
            slope = self._slopes[0][: len(rows)]
        return slope @ self._layers[0][0][:, columns]

    def _make_room(self, num_rows: int) -> None:
        sizes = [len(bias) for _, bias in self._layers]
        self._values = [np.empty((num_rows, size), dtype=np.float32) for size in sizes]
        self._slopes = [np.empty((num_rows, size), dtype=np.float32) for size in sizes[:-1]]
        if self._hidden is not None:
            self._hidden.place(self._values[:-1], self._slopes)

    def _compile(self) -> Network | None:
        """Return the hidden layers for the kernel, where it does what NumPy does."""
        hidden = self._layers[:-1]
        sizes = [size for weight, _ in hidden for size in weight.shape]
        if not hidden or min(sizes) == 1 or self._activation is not ACTIVATIONS["relu"]:
            return None
        kernels = load_kernels()
        if kernels is None:
            return None
        weights, biases = zip(*self._layers, strict=True)
        layers = Network(kernels, weights, biases, "relu")
        if self._gradients:
            layers.place_gradients(*zip(*self._gradients, strict=True))
        return layers

    def _num_compiled(self, inputs: np.ndarray) -> int:
        """Return how many layers, from the first on, the kernel computes for these inputs."""
        return len(self._layers) - 1 if self._hidden is not None and fits(inputs) else 0


def _times(slope: np.ndarray, weight: np.ndarray, *, out: np.ndarray) -> np.ndarray:
    # BLAS is slow where the sum has one term.
    return np.multiply(slope, weight, out=out) if slope.shape[1] == 1 else np.matmul(slope, weight, out=out)
