"""A replay buffer whose transitions lie side by side in memory: drawing one touches a few cache lines, not six arrays.

The buffer stays Stable-Baselines3's own; its arrays become columns of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from stable_baselines3.common.buffers import ReplayBuffer

COLUMNS = ("observations", "actions", "next_observations", "rewards", "dones", "timeouts")
"""Arrays of the buffer, in the order in which they are in a row."""


class PackedReplay:
    """The rows of a buffer (buffer_size * num_envs, width), an environment after the other for each timestep."""

    def __init__(self, buffer: ReplayBuffer) -> None:
        """Move what the buffer has; it must be one that `can_pack`."""
        self._buffer = buffer
        arrays = [getattr(buffer, name) for name in COLUMNS]
        matrices = [array.reshape(buffer.buffer_size * buffer.n_envs, -1) for array in arrays]
        ends = np.cumsum([0, *(matrix.shape[1] for matrix in matrices)]).tolist()
        # Zeros that nobody writes take no memory: the buffer grows as it is filled.
        self.rows = np.zeros((len(matrices[0]), ends[-1]), dtype=np.float32)
        self._columns = [self.rows[:, begin:end] for begin, end in pairwise(ends)]
        num_used = (buffer.buffer_size if buffer.full else buffer.pos) * buffer.n_envs
        for name, array, matrix, column in zip(COLUMNS, arrays, matrices, self._columns, strict=True):
            column[:num_used] = matrix[:num_used]
            setattr(buffer, name, column.reshape(array.shape))
        self._observations = buffer.observations

    def holds(self, buffer: ReplayBuffer | None) -> bool:
        """Whether a buffer's arrays are still columns of this: somebody may have loaded another one."""
        return buffer is self._buffer and self._buffer.observations is self._observations

    def draw(self, num_rows: int, *, gamma: float, is_ahead: bool = False) -> DrawnRows:
        """Draw rows as the buffer's `sample` does; `is_ahead`: as it will when a timestep more has been added."""
        buffer = self._buffer
        is_full = buffer.full or (is_ahead and buffer.pos + 1 == buffer.buffer_size)
        bound = buffer.buffer_size if is_full else buffer.pos + is_ahead
        timesteps = np.random.randint(0, bound, size=num_rows)
        envs = np.random.randint(0, high=buffer.n_envs, size=(num_rows,))
        is_there = not is_ahead or not (timesteps == buffer.pos).any()
        return DrawnRows(self, timesteps * buffer.n_envs + envs, gamma, is_there)

    def columns(self, index: np.ndarray) -> list[np.ndarray]:
        """Return what is in some rows, a matrix for each of COLUMNS."""
        rows, widths = self.rows[index], [column.shape[1] for column in self._columns]
        return np.split(rows, np.cumsum(widths[:-1]), axis=1)


@dataclass(frozen=True)
class DrawnRows:
    """Which rows a minibatch is made of."""

    replay: PackedReplay
    index: np.ndarray
    """Of each row (num_rows,)."""
    gamma: float
    """Discount of what comes after, where the episode goes on."""
    are_there: bool
    """Whether no row is of the timestep that is simulated now."""

    def __len__(self) -> int:
        return len(self.index)


def can_pack(buffer: ReplayBuffer | None) -> bool:
    """Whether a buffer only keeps what it is given, as numbers of single precision."""
    return (
        type(buffer) is ReplayBuffer
        and not buffer.optimize_memory_usage
        and all(getattr(buffer, name).dtype == np.float32 for name in COLUMNS)
    )
