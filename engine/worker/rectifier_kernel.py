"""Compile rectifier_kernel.c where there is a compiler, once for each machine, and call it.

Threads that make many small calls of NumPy wait for each other's turn at the interpreter; these calls are few and need
no turn. Without a compiler, or with another BLAS than that of NumPy's wheels, perceptron.py does the same itself.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.protocol.settings import read_settings

SOURCE = Path(__file__).with_suffix(".c")
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-fPIC", "-shared")
"""Contraction would round once where NumPy rounds twice."""
TIMEOUT_S = 60.0
BLAS_FILES = ("numpy.libs/libscipy_openblas64_*", "numpy/.dylibs/libscipy_openblas64_*")
"""Below site-packages: NumPy's wheels for Linux and macOS."""


class Layers:
    """Hidden layers of one perceptron and the head behind them, at fixed places in memory."""

    def __init__(self, kernel: RectifierKernel, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> None:
        """Weights are (outputs, inputs), as torch has them; the last are the head's. All are read in place."""
        self._kernel = kernel
        self._count = len(weights) - 1
        self._sizes = (ctypes.c_int64 * len(weights))(*(weight.shape[1] for weight in weights))
        self._weights, self._biases = _pointers(weights), _pointers(biases)

    def place(self, values: Sequence[np.ndarray], slopes: Sequence[np.ndarray]) -> None:
        """Say where each layer's values and the derivatives by them are, each (at least num_rows, units)."""
        self._values, self._slopes = _pointers(values), _pointers(slopes)

    def place_gradients(self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> None:
        """Say where `backward` writes."""
        self._weight_gradients, self._bias_gradients = _pointers(weights), _pointers(biases)

    def forward(self, inputs: np.ndarray) -> None:
        """Write the values for inputs (num_rows, num_inputs), float32, row by row."""
        self._call("forward", len(inputs), _address(inputs), self._weights, self._biases, self._values)

    def backward(self, inputs: np.ndarray) -> None:
        """Write the gradients, given the derivatives by the last layer where its slopes are."""
        gradients = (self._weight_gradients, self._bias_gradients)
        self._call("backward", len(inputs), _address(inputs), self._weights, self._values, self._slopes, *gradients)

    def descend(self, rows: np.ndarray) -> None:
        """Write the derivatives by the first layer for some rows (num_rows,), int64, of the values.

        They are given where the last layer's slopes are, and come where the first one's are, a row for each of `rows`.
        """
        self._call("descend", len(rows), _address(rows), self._weights, self._values, self._slopes)

    def regress(self, inputs: np.ndarray, targets: np.ndarray, scale: np.float32) -> tuple[np.ndarray, np.ndarray]:
        """Write the gradients of least squares, all but that of the head's bias, where there is one output.

        Returns outputs - targets, both (num_rows,), and that times `scale`, the loss's derivative by the outputs.
        """
        errors, by_outputs = np.empty((2, len(inputs)), dtype=np.float32)
        places = (self._weights, self._biases, self._values, self._slopes, self._weight_gradients, self._bias_gradients)
        ends = (_address(targets), scale, _address(errors), _address(by_outputs))
        self._call("regress", len(inputs), _address(inputs), *places, self._kernel.sgemv, *ends)
        return errors, by_outputs

    def _call(self, name: str, num_rows: int, *pointers: Any) -> None:
        getattr(self._kernel.library, name)(self._kernel.sgemm, self._count, self._sizes, num_rows, *pointers)


class RectifierKernel:
    """The compiled functions and the products that they call."""

    def __init__(self, library: ctypes.CDLL, blas: ctypes.CDLL) -> None:
        self.library = library
        self.sgemm, self.sgemv = (
            ctypes.cast(function, ctypes.c_void_p)
            for function in (blas.scipy_cblas_sgemm64_, blas.scipy_cblas_sgemv64_)
        )
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        for name, num_pointers in (("forward", 4), ("backward", 6), ("descend", 4)):
            function = getattr(library, name)
            function.argtypes = [pointer, number, pointer, number, *[pointer] * num_pointers]
            function.restype = None
        ends = [*[pointer] * 2, ctypes.c_float, *[pointer] * 2]
        library.regress.argtypes = [pointer, number, pointer, number, *[pointer] * 7, *ends]
        library.regress.restype = None


@cache
def load_kernel() -> RectifierKernel | None:
    """Return the functions, compiled now if they never were; None where that cannot be, or RLROBO_COMPILE is 0."""
    if not read_settings().compile:
        return None
    try:
        blas = _find_blas()
        return RectifierKernel(ctypes.CDLL(str(_compiled())), blas) if blas else None
    except (OSError, subprocess.SubprocessError, AttributeError):  # no compiler, one that fails, no such function
        return None


def fits(inputs: np.ndarray) -> bool:
    """Whether the kernel takes these inputs: NumPy multiplies a single row in another way."""
    return len(inputs) > 1 and inputs.dtype == np.float32 and inputs.flags.c_contiguous


def _find_blas() -> ctypes.CDLL | None:
    """Return NumPy's own BLAS library, which is loaded already."""
    site_packages = Path(np.__file__).parent.parent
    for pattern in BLAS_FILES:
        for path in site_packages.glob(pattern):
            return ctypes.CDLL(str(path))
    return None


def _compiled() -> Path:
    """Return the library for this source and processor. Raises OSError and SubprocessError."""
    compiler = shutil.which(os.environ.get("CC") or "cc")
    if compiler is None:
        raise FileNotFoundError("no C compiler")
    key = hashlib.sha256("\n".join((SOURCE.read_text(encoding="utf-8"), *FLAGS, _processor())).encode()).hexdigest()
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rlrobo"
    library = folder / f"{SOURCE.stem}-{key[:16]}.so"
    if library.is_file():
        return library
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:  # renamed when whole: engines may start together
        made = Path(scratch) / library.name
        command = [compiler, *FLAGS, str(SOURCE), "-o", str(made)]
        subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL)
        made.replace(library)
    return library


def _processor() -> str:
    """Return what -march=native depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return f"{platform.machine()} {platform.processor()}"
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))


def _pointers(arrays: Sequence[np.ndarray]) -> ctypes.Array[ctypes.c_void_p]:
    return (ctypes.c_void_p * len(arrays))(*map(_address, arrays))


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]
