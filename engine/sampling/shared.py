"""Arrays that processes share: one file without a name, in memory where the system has a place for that.

The kernel frees it when the last process that has it ends, however it ends.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

MEMORY = Path("/dev/shm")
ALIGNMENT_BYTES = 64
"""A cache line: two processes never write to the same one."""


class ArraySpec(NamedTuple):
    """Shape and type of an array."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def num_bytes(self) -> int:
        """Size of its numbers."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize


def create_file() -> int:
    """Return the descriptor of a new, empty file."""
    with tempfile.TemporaryFile(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as file:
        return os.dup(file.fileno())


def map_arrays(descriptor: int, specs: Mapping[str, ArraySpec]) -> dict[str, np.ndarray]:
    """Return arrays over the file, which grows where it is too short; what is new is 0."""
    begins, end = {}, 0
    for name, spec in specs.items():
        begins[name] = end
        end += -(-spec.num_bytes // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    if os.fstat(descriptor).st_size < end:
        os.ftruncate(descriptor, end)
    memory = mmap.mmap(descriptor, end)
    return {
        name: np.frombuffer(
            memory, dtype=spec.dtype, count=spec.num_bytes // np.dtype(spec.dtype).itemsize, offset=begin
        ).reshape(spec.shape)
        for (name, spec), begin in zip(specs.items(), begins.values(), strict=True)
    }
