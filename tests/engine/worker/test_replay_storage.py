"""A replay buffer in segments: complete in each checkpoint, and only what changed is written."""

from pathlib import Path

import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3.common.buffers import ReplayBuffer

from engine.worker import replay_storage
from engine.worker.replay_storage import ReplayStorage, arrays_of

NUM_ENVS = 2
SIZE = 100
ROWS_IN_SEGMENT = 10


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    row_bytes = sum(array[0].nbytes for array in arrays_of(new_buffer()).values())
    monkeypatch.setattr(replay_storage, "SEGMENT_BYTES", ROWS_IN_SEGMENT * row_bytes)


def new_buffer() -> ReplayBuffer:
    box = spaces.Box(-1, 1, (3,), dtype=np.float32)
    return ReplayBuffer(SIZE * NUM_ENVS, box, spaces.Box(-1, 1, (1,), dtype=np.float32), "cpu", n_envs=NUM_ENVS)


def add(buffer: ReplayBuffer, first: int, num_rows: int) -> None:
    """Add rows that hold their own number."""
    for row in range(first, first + num_rows):
        observation = np.full((NUM_ENVS, 3), row, dtype=np.float32)
        done = np.array([row % 7 == 0, False])
        infos = [{"TimeLimit.truncated": bool(row % 14 == 0)}, {}]
        buffer.add(observation, observation + 0.5, np.full((NUM_ENVS, 1), -row), np.full(NUM_ENVS, row), done, infos)


def assert_same(left: ReplayBuffer, right: ReplayBuffer) -> None:
    assert (left.pos, left.full) == (right.pos, right.full)
    num_valid = SIZE if left.full else left.pos
    others = arrays_of(right)
    for name, array in arrays_of(left).items():
        np.testing.assert_array_equal(array[:num_valid], others[name][:num_valid])


def saved(buffer: ReplayBuffer, folder: Path, *, previous: Path | None = None, num_new_rows: int = 0) -> Path:
    folder.mkdir()
    ReplayStorage(buffer).save(folder, previous=previous, num_new_rows=num_new_rows)
    return folder


@pytest.mark.parametrize("num_rows", [0, 1, 9, 10, 55, 100, 101, 250])
def test_a_buffer_comes_back(num_rows: int, tmp_path: Path) -> None:
    buffer, other = new_buffer(), new_buffer()
    add(buffer, 0, num_rows)
    folder = saved(buffer, tmp_path / "a")
    ReplayStorage(other).load(folder, position=buffer.pos, is_full=buffer.full)
    assert_same(buffer, other)


@pytest.mark.parametrize("num_before", [5, 40, 95, 100, 173])
@pytest.mark.parametrize("num_more", [1, 9, 10, 37, 99, 100, 130])
def test_a_buffer_that_went_on_comes_back_from_links_and_new_segments(
    num_before: int, num_more: int, tmp_path: Path
) -> None:
    buffer, other = new_buffer(), new_buffer()
    add(buffer, 0, num_before)
    first = saved(buffer, tmp_path / "a")
    add(buffer, num_before, num_more)
    second = saved(buffer, tmp_path / "b", previous=first, num_new_rows=num_more)
    ReplayStorage(other).load(second, position=buffer.pos, is_full=buffer.full)
    assert_same(buffer, other)


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    buffer = new_buffer()
    add(buffer, 0, 195)  # full, the next row is 95
    first = saved(buffer, tmp_path / "a")
    add(buffer, 195, 8)  # rows 95 to 99 and 0 to 2
    second = saved(buffer, tmp_path / "b", previous=first, num_new_rows=8)
    written = [path.name for path in sorted(second.iterdir()) if path.stat().st_nlink == 1]
    assert written == ["replay_00000.npz", "replay_00009.npz"]
