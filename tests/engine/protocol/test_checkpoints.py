"""A checkpoint is whole or it does not exist; damage is found before it is loaded."""

import os
from pathlib import Path

import msgspec
import pytest

from engine.protocol.checkpoints import (
    MANIFEST,
    Checkpoint,
    EvaluationResult,
    Manifest,
    best_checkpoint,
    find_checkpoint,
    list_checkpoints,
    new_checkpoint,
    verify,
    write_evaluation,
)
from engine.protocol.errors import CheckpointError, StorageError

FILES = {"policy.zip": b"the policy", "normalizer.npz": b"the normalizer", "replay_buffer.pkl": b"the buffer" * 50}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints"


def manifest(step: int, return_mean: float | None = None) -> Manifest:
    evaluation = None if return_mean is None else EvaluationResult(return_mean=return_mean, return_std=1.0, episodes=10)
    return Manifest(
        step=step, algorithm="ppo", task="a", reason="periodic", saved_at=1.0, files={}, evaluation=evaluation
    )


def save(folder: Path, step: int, return_mean: float | None = None, content: bytes = b"") -> Checkpoint:
    with new_checkpoint(folder, manifest(step, return_mean)) as path:
        for name, original in FILES.items():
            (path / name).write_bytes(content or original)
    return next(item for item in list_checkpoints(folder) if item.step == step)


def save_half(folder: Path, step: int) -> None:
    with new_checkpoint(folder, manifest(step)) as path:
        (path / "policy.zip").write_bytes(b"half")
        raise ZeroDivisionError


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_saved_checkpoint_verifies(folder: Path) -> None:
    verify(save(folder, 100))


def test_directory_is_named_after_the_step(folder: Path) -> None:
    assert save(folder, 204_800).path == folder / "000204800"


def test_manifest_lists_every_file_with_its_size(folder: Path) -> None:
    entries = save(folder, 100).manifest.files
    assert {name: entry.size_bytes for name, entry in entries.items()} == {
        "policy.zip": 10,
        "normalizer.npz": 14,
        "replay_buffer.pkl": 500,
    }


def test_size_is_that_of_all_files(folder: Path) -> None:
    assert save(folder, 100).size_bytes == 524


def test_nothing_is_left_when_the_block_raises(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        save_half(folder, 100)
    assert list(folder.iterdir()) == []


def test_older_checkpoint_of_the_step_stays_when_the_block_raises(folder: Path) -> None:
    save(folder, 100, content=b"old")
    with pytest.raises(ZeroDivisionError):
        save_half(folder, 100)
    assert (find_checkpoint(folder, "100").path / "policy.zip").read_bytes() == b"old"


def test_checkpoint_of_the_same_step_is_replaced(folder: Path) -> None:
    save(folder, 100, content=b"old")
    save(folder, 100, content=b"new")
    assert [file.name for file in folder.iterdir()] == ["000000100"]
    assert (find_checkpoint(folder, "100").path / "policy.zip").read_bytes() == b"new"


def test_remains_of_a_killed_process_with_our_pid_are_no_obstacle(folder: Path) -> None:
    """In a container the engine has the same pid each time."""
    remains = folder / f".000000100.{os.getpid()}.tmp"
    remains.mkdir(parents=True)
    (remains / "old.pkl").write_bytes(b"half")
    assert "old.pkl" not in save(folder, 100).manifest.files


def test_temporary_directory_is_not_listed(folder: Path) -> None:
    with new_checkpoint(folder, manifest(100)) as path:
        (path / "policy.zip").write_bytes(b"half")
        assert list_checkpoints(folder) == []


def test_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot write"), new_checkpoint(tmp_path / "checkpoints", manifest(1)):
        pass


def test_absent_folder_holds_no_checkpoint(folder: Path) -> None:
    assert list_checkpoints(folder) == []


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_byte_is_found_in_every_file(folder: Path, name: str) -> None:
    checkpoint = save(folder, 100)
    flip_a_byte(checkpoint.path / name)
    with pytest.raises(CheckpointError, match=f"{name}: damaged"):
        verify(checkpoint)


@pytest.mark.parametrize("name", FILES)
def test_missing_file_is_found(folder: Path, name: str) -> None:
    checkpoint = save(folder, 100)
    (checkpoint.path / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name}: missing"):
        verify(checkpoint)


@pytest.mark.parametrize("decile", range(10))
def test_checkpoint_with_a_truncated_manifest_is_not_listed(folder: Path, decile: int) -> None:
    path = save(folder, 100).path / MANIFEST
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * decile // 10])
    assert list_checkpoints(folder) == []


def test_checkpoint_with_a_manifest_that_is_not_text_is_not_listed(folder: Path) -> None:
    path = save(folder, 100).path / MANIFEST
    path.write_bytes(path.read_bytes().replace(b"periodic", b"peri\xffdic"))
    assert list_checkpoints(folder) == []


def test_evaluation_that_comes_later_is_in_the_manifest_and_verifies(folder: Path) -> None:
    before = save(folder, 100)
    os.link(before.path / MANIFEST, folder / "of_a_fork")
    evaluation = EvaluationResult(return_mean=7.0, return_std=1.0, episodes=3)
    write_evaluation(before.path, evaluation)
    (after,) = list_checkpoints(folder)
    assert after.manifest.evaluation == evaluation
    assert after.manifest.files == before.manifest.files
    verify(after)
    verify(before)  # whoever read it before finds it whole
    assert b"7.0" not in (folder / "of_a_fork").read_bytes()
    assert sorted(path.name for path in after.path.iterdir()) == sorted([*FILES, MANIFEST])


def test_evaluation_of_a_checkpoint_that_is_gone_is_forgotten(folder: Path) -> None:
    write_evaluation(folder / "000000100", EvaluationResult(return_mean=7.0, return_std=1.0, episodes=3))
    assert not folder.exists()


def test_changed_manifest_is_found(folder: Path) -> None:
    checkpoint = save(folder, 100, 5.0)
    path = checkpoint.path / MANIFEST
    path.write_text(path.read_text().replace("5.0", "9.0"))
    with pytest.raises(CheckpointError, match=r"manifest\.json: damaged: it was changed"):
        verify(list_checkpoints(folder)[0])


def test_checkpoints_are_listed_by_step(folder: Path) -> None:
    for step in (1_000_000_000, 5, 999_999_999):
        save(folder, step)
    assert [item.step for item in list_checkpoints(folder)] == [5, 999_999_999, 1_000_000_000]


def test_latest_is_the_highest_step(folder: Path) -> None:
    save(folder, 1_000_000_000)
    save(folder, 999_999_999)
    assert find_checkpoint(folder, "latest").step == 1_000_000_000


def test_best_is_the_highest_evaluation(folder: Path) -> None:
    for step, return_mean in ((100, -5.0), (200, 9.0), (300, 7.0), (400, None)):
        save(folder, step, return_mean)
    assert find_checkpoint(folder, "best").step == 200


def test_best_of_equals_is_the_earlier(folder: Path) -> None:
    save(folder, 100, 9.0)
    save(folder, 200, 9.0)
    assert find_checkpoint(folder, "best").step == 100


def test_best_is_the_latest_where_none_was_evaluated(folder: Path) -> None:
    save(folder, 100)
    save(folder, 200)
    assert find_checkpoint(folder, "best").step == 200


def test_best_checkpoint_is_none_where_none_was_evaluated(folder: Path) -> None:
    assert best_checkpoint([save(folder, 100)]) is None


@pytest.mark.parametrize("which", ["best", "latest"])
def test_damaged_checkpoint_is_passed_over_for_the_next(folder: Path, which: str) -> None:
    save(folder, 100, 1.0)
    flip_a_byte(save(folder, 200, 2.0).path / "policy.zip")
    assert find_checkpoint(folder, which).step == 100


def test_damaged_checkpoint_is_refused_when_it_is_named(folder: Path) -> None:
    save(folder, 100)
    flip_a_byte(save(folder, 200).path / "policy.zip")
    with pytest.raises(CheckpointError, match=r"policy\.zip: damaged: 10 bytes .*; use another checkpoint"):
        find_checkpoint(folder, "200")


def test_error_names_the_damage_where_nothing_verifies(folder: Path) -> None:
    flip_a_byte(save(folder, 100).path / "policy.zip")
    with pytest.raises(CheckpointError, match=r"no checkpoint verifies\. .*policy\.zip: damaged"):
        find_checkpoint(folder, "latest")


@pytest.mark.parametrize("which", ["200000", "200_000", "000200000"])
def test_step_is_found_as_people_write_it(folder: Path, which: str) -> None:
    save(folder, 200_000)
    assert find_checkpoint(folder, which).step == 200_000


@pytest.mark.parametrize("which", ["300", "newest", ""])
def test_unknown_checkpoint_is_answered_with_what_there_is(folder: Path, which: str) -> None:
    save(folder, 100)
    save(folder, 200)
    with pytest.raises(CheckpointError, match="there are: best, latest, 100, 200"):
        find_checkpoint(folder, which)


def test_folder_without_checkpoints_says_so(folder: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint yet"):
        find_checkpoint(folder, "best")


def test_manifest_of_a_newer_version_is_read(folder: Path) -> None:
    path = save(folder, 100).path / MANIFEST
    newer = {**msgspec.json.decode(path.read_bytes()), "from_the_future": 1}
    path.write_bytes(msgspec.json.encode(newer))
    assert [item.step for item in list_checkpoints(folder)] == [100]
