"""Every file of a checkpoint, cut at every tenth of its length, is noticed, and the checkpoint before serves."""

import json
from pathlib import Path

import pytest

from engine.protocol import checkpoints
from engine.protocol.checkpoints import (
    MANIFEST,
    NORMALIZER,
    POLICY,
    STATE,
    Checkpoint,
    Manifest,
    find_checkpoint,
    new_checkpoint,
    read_checkpoint,
    verify,
)
from engine.protocol.errors import CheckpointError

FILES = (POLICY, NORMALIZER, STATE, "replay_00000.npz", MANIFEST)
EARLIER, LATEST = 100, 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two checkpoints whose files hold a kilobyte each."""
    for step in (EARLIER, LATEST):
        manifest = Manifest(step=step, algorithm="sac", task="ant_walk", reason="periodic", saved_at=0.0, files={})
        with new_checkpoint(tmp_path, manifest) as path:
            for name in FILES[:-1]:
                (path / name).write_bytes(bytes(range(256)) * 4)
    return tmp_path


def latest(folder: Path) -> Checkpoint | None:
    return read_checkpoint(folder / f"{LATEST:09d}")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("tenth", range(10))
def test_a_file_cut_short_is_noticed_and_the_earlier_checkpoint_serves(folder: Path, name: str, tenth: int) -> None:
    path = folder / f"{LATEST:09d}" / name
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * tenth // 10])
    damaged = latest(folder)
    if name == MANIFEST:
        assert damaged is None
    else:
        assert damaged is not None
        with pytest.raises(CheckpointError, match=name):
            verify(damaged)
    assert find_checkpoint(folder, "latest").step == EARLIER


def test_a_changed_number_in_the_manifest_is_noticed(folder: Path) -> None:
    path = folder / f"{LATEST:09d}" / MANIFEST
    path.write_text(path.read_text().replace('"reason": "periodic"', '"reason": "best"'))
    damaged = latest(folder)
    assert damaged is not None
    with pytest.raises(CheckpointError, match=MANIFEST):
        verify(damaged)


def test_a_key_that_this_version_does_not_know_does_not_make_a_manifest_damaged(folder: Path) -> None:
    path = folder / f"{LATEST:09d}" / MANIFEST
    values = {**json.loads(path.read_text()), "a_later_key": 1}
    digest = checkpoints._digest(json.dumps(values).encode())
    path.write_text(json.dumps({**values, "digest": digest}, indent=1))
    written = latest(folder)
    assert written is not None
    verify(written)
