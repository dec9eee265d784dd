"""Save a replay buffer in segments, of which a checkpoint writes only those that changed since the one before.

A buffer of a million transitions is hundreds of megabytes, and between two checkpoints a small part of it changes. The
other segments are hard links to the files of the checkpoint before: each checkpoint is complete by itself, and no byte
is written or stored twice. Which episode a transition belongs to, which hindsight replay needs, is a small file of its
own: the end of an episode changes rows that are far behind and, in a full buffer, ahead.
"""

import os
import shutil
from pathlib import Path

import numpy as np
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.her.her_replay_buffer import HerReplayBuffer

from engine.protocol.checkpoints import REPLAY_PREFIX, Checkpoint
from engine.protocol.disk import SEGMENT_BYTES

_EPISODES = f"{REPLAY_PREFIX}episodes.npz"


def has_replay(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint has a replay buffer."""
    return any(name.startswith(REPLAY_PREFIX) for name in checkpoint.manifest.files)


class ReplayStorage:
    """Saves and loads one replay buffer."""

    def __init__(self, buffer: ReplayBuffer) -> None:
        self._buffer = buffer
        self._arrays = arrays_of(buffer)
        row_bytes = sum(array[0].nbytes for array in self._arrays.values())
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
                np.savez(folder / name, **{array: self._view(array, index) for array in self._arrays})  # type: ignore[arg-type]
        if isinstance(self._buffer, HerReplayBuffer):
            valid = slice(0, self._num_valid_rows())
            starts, lengths = self._buffer.ep_start[valid], self._buffer.ep_length[valid]
            np.savez_compressed(folder / _EPISODES, start=starts, length=lengths)

    def load(self, folder: Path, *, position: int, is_full: bool) -> None:
        """Fill the buffer from the segments in `folder`."""
        self._buffer.pos, self._buffer.full = position, is_full
        for index in range(self._num_segments()):
            with np.load(folder / f"{REPLAY_PREFIX}{index:05d}.npz", allow_pickle=False) as segment:
                for array in self._arrays:
                    self._view(array, index)[:] = segment[array]
        if isinstance(self._buffer, HerReplayBuffer):
            with np.load(folder / _EPISODES, allow_pickle=False) as episodes:
                _load_episodes(self._buffer, episodes["start"], episodes["length"])

    def _num_segments(self) -> int:
        return -(-self._num_valid_rows() // self._rows)

    def _num_valid_rows(self) -> int:
        return self._buffer.buffer_size if self._buffer.full else self._buffer.pos

    def _view(self, array: str, index: int) -> np.ndarray:
        end = min((index + 1) * self._rows, self._num_valid_rows())
        return self._arrays[array][index * self._rows : end]

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


def arrays_of(buffer: ReplayBuffer) -> dict[str, np.ndarray]:
    """Return every array of `buffer` by name; of a buffer with goals, `observations.achieved_goal` and so on."""
    arrays = {name: getattr(buffer, name) for name in ("actions", "rewards", "dones", "timeouts")}
    for name in ("observations", "next_observations"):
        array = getattr(buffer, name)
        parts = {f"{name}.{key}": part for key, part in array.items()} if isinstance(array, dict) else {name: array}
        arrays.update(parts)
    return arrays


def _load_episodes(buffer: HerReplayBuffer, starts: np.ndarray, lengths: np.ndarray) -> None:
    """Restore which episode each row belongs to; episodes that were under way are over, since their physics is."""
    buffer.ep_start[: len(starts)], buffer.ep_length[: len(lengths)] = starts, lengths
    buffer._current_ep_start[:] = buffer.pos
    last = buffer.pos - 1
    is_under_way = buffer.ep_length[last] == 0
    if len(starts) and is_under_way.any():
        buffer._current_ep_start[is_under_way] = buffer.ep_start[last][is_under_way]
        end_episodes(buffer)


def end_episodes(buffer: ReplayBuffer) -> None:
    """Truncate the episodes under way. Stable-Baselines3 bootstraps what is stored as done and timed out."""
    last = buffer.pos - 1
    is_under_way = buffer.dones[last] == 0
    if isinstance(buffer, HerReplayBuffer):
        for env in np.flatnonzero(is_under_way).tolist():
            buffer._compute_episode_length(env)
    buffer.dones[last][is_under_way] = 1
    buffer.timeouts[last][is_under_way] = 1


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)
