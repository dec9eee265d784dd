"""Save a replay buffer in segments, of which a checkpoint writes only those that changed since the one before.

A buffer of a million transitions is hundreds of megabytes, and between two checkpoints a small part of it changes. The
other segments are hard links to the files of the checkpoint before: each checkpoint is complete by itself, and no byte
is written or stored twice.
"""

import os
import shutil
from pathlib import Path

import numpy as np
from stable_baselines3.common.buffers import ReplayBuffer

from engine.protocol.checkpoints import REPLAY_PREFIX, Checkpoint
from engine.protocol.disk import SEGMENT_BYTES

_ARRAYS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


def has_replay(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint has a replay buffer."""
    return any(name.startswith(REPLAY_PREFIX) for name in checkpoint.manifest.files)


class ReplayStorage:
    """Saves and loads one replay buffer."""

    def __init__(self, buffer: ReplayBuffer) -> None:
        self._buffer = buffer
        row_bytes = sum(getattr(buffer, name)[0].nbytes for name in _ARRAYS)
        self._rows = max(1, min(buffer.buffer_size, SEGMENT_BYTES // row_bytes))

    def save(self, folder: Path, *, previous: Path | None, num_new_rows: int) -> None:
        """Write the segments of the buffer into `folder`.

        `previous` is the checkpoint before, which differs from the buffer in the last `num_new_rows` rows.
        """
        for index in range(self._num_segments()):
            name = f"{REPLAY_PREFIX}{index:05d}.npz"
            is_unchanged = previous is not None and not self._is_touched(index, num_new_rows)
            if is_unchanged and (previous / name).is_file():  # type: ignore[operator]
                _link(previous / name, folder / name)  # type: ignore[operator]
            else:
                np.savez(folder / name, **{array: self._view(array, index) for array in _ARRAYS})  # type: ignore[arg-type]

    def load(self, folder: Path, *, position: int, is_full: bool) -> None:
        """Fill the buffer from the segments in `folder`."""
        self._buffer.pos, self._buffer.full = position, is_full
        for index in range(self._num_segments()):
            with np.load(folder / f"{REPLAY_PREFIX}{index:05d}.npz", allow_pickle=False) as segment:
                for array in _ARRAYS:
                    self._view(array, index)[:] = segment[array]

    def _num_segments(self) -> int:
        return -(-self._num_valid_rows() // self._rows)

    def _num_valid_rows(self) -> int:
        return self._buffer.buffer_size if self._buffer.full else self._buffer.pos

    def _view(self, array: str, index: int) -> np.ndarray:
        end = min((index + 1) * self._rows, self._num_valid_rows())
        return getattr(self._buffer, array)[index * self._rows : end]

    def _is_touched(self, index: int, num_new_rows: int) -> bool:
        """Whether one of the last `num_new_rows` rows before the buffer's position lies in the segment."""
        size = self._buffer.buffer_size
        if num_new_rows >= size:
            return True
        first, last = index * self._rows, min((index + 1) * self._rows, size) - 1
        newest = self._buffer.pos - 1
        # Distance back from the newest row to the segment's newest one, around the ring.
        behind = (newest - last) % size
        return first <= newest % size <= last or behind < num_new_rows


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)
