"""Checkpoints in S3: what a reader gets is whole, damaged ones are passed over; nothing needed expires."""

from pathlib import Path

import pytest

from cloud.checkpoints import fetch_checkpoint, list_manifest_keys, read_head, read_manifest, restore_checkpoint
from cloud.errors import CloudError
from engine.protocol.checkpoints import EvaluationResult, read_checkpoint, write_evaluation
from engine.protocol.errors import CheckpointError
from tests.cloud.directory_store import DirectoryStore, Fault, FaultyStore, slow_down
from tests.cloud.made_checkpoints import KEYS, make_checkpoint, publisher, restored_step

pytestmark = pytest.mark.usefixtures("no_fsync")


def test_what_was_published_comes_back_file_by_file(store: DirectoryStore, local: Path, tmp_path: Path) -> None:
    original = make_checkpoint(local, 100)
    publisher(store, 1).publish(original)
    restored = restore_checkpoint(store, KEYS, tmp_path / "there", is_exact=True)
    assert restored is not None
    for path in original.path.iterdir():
        assert (restored.checkpoint.path / path.name).read_bytes() == path.read_bytes()
    assert restored.passed_over == ()


def test_a_shared_file_is_stored_once(store: DirectoryStore, local: Path) -> None:
    ours = publisher(store, 1)
    ours.publish(make_checkpoint(local, 100))
    before = len(store.keys(KEYS.blobs))
    second = make_checkpoint(local, 200)
    shared = second.manifest.files["replay_00000.npz"].size_bytes
    assert ours.new_bytes(second) == second.size_bytes - shared
    ours.publish(second)
    assert len(store.keys(KEYS.blobs)) == before + len(second.manifest.files)  # one shared, its own manifest beside


def test_exactly_goes_on_from_the_newest_barrier(store: DirectoryStore, local: Path, tmp_path: Path) -> None:
    ours = publisher(store, 1)
    ours.publish(make_checkpoint(local, 100))
    ours.publish(make_checkpoint(local, 150, is_barrier=False))
    assert restored_step(store, tmp_path / "there", is_exact=True) == 100
    assert restored_step(store, tmp_path / "there", is_exact=False) == 150


def test_a_run_without_a_checkpoint_restores_none(store: DirectoryStore, tmp_path: Path) -> None:
    publisher(store, 1)
    assert read_head(store, KEYS) is None
    assert restored_step(store, tmp_path / "there") == -1


def test_publishing_again_changes_nothing(store: DirectoryStore, local: Path) -> None:
    checkpoint = make_checkpoint(local, 100)
    key = publisher(store, 1).publish(checkpoint)
    before = read_head(store, KEYS)
    assert publisher(store, 1).publish(checkpoint) == key
    assert read_head(store, KEYS) == before
    assert list_manifest_keys(store, KEYS) == [key]


def test_a_step_that_is_saved_anew_gets_a_manifest_of_its_own(store: DirectoryStore, local: Path) -> None:
    ours = publisher(store, 1)
    first = ours.publish(make_checkpoint(local, 100, is_barrier=False))
    second = ours.publish(make_checkpoint(local, 100, is_barrier=True))
    assert first != second
    head = read_head(store, KEYS)
    assert head is not None
    assert (head.manifest_key, head.barrier_manifest_key) == (second, second)


def test_a_file_that_is_not_what_its_manifest_says_is_not_published(store: DirectoryStore, local: Path) -> None:
    checkpoint = make_checkpoint(local, 100)
    (checkpoint.path / "policy.zip").write_bytes(b"torn")
    with pytest.raises(CheckpointError, match=r"policy\.zip"):
        publisher(store, 1).publish(checkpoint)
    assert read_head(store, KEYS) is None


@pytest.mark.parametrize("name", ["policy.zip", "replay_00001.npz", "manifest.json"])
@pytest.mark.parametrize("is_lost", [False, True])
def test_a_damaged_or_lost_file_costs_one_checkpoint(
    store: DirectoryStore, local: Path, tmp_path: Path, name: str, is_lost: bool
) -> None:
    ours = publisher(store, 1)
    ours.publish(make_checkpoint(local, 100))
    key = ours.publish(make_checkpoint(local, 200))
    blob = KEYS.blob(read_manifest(store, key).files[name].sha256)
    if is_lost:
        store.delete(blob)
    else:
        store.damage(blob)
    restored = restore_checkpoint(store, KEYS, tmp_path / "there", is_exact=True)
    assert restored is not None
    assert restored.checkpoint.step == 100
    assert ("missing" if is_lost else "damaged") in restored.passed_over[0]


def test_a_lost_manifest_costs_one_checkpoint(store: DirectoryStore, local: Path, tmp_path: Path) -> None:
    ours = publisher(store, 1)
    ours.publish(make_checkpoint(local, 100))
    store.delete(ours.publish(make_checkpoint(local, 200)))
    assert restored_step(store, tmp_path / "there") == 100


def test_all_damaged_is_an_error_and_no_fresh_start(store: DirectoryStore, local: Path, tmp_path: Path) -> None:
    key = publisher(store, 1).publish(make_checkpoint(local, 100))
    store.delete(KEYS.blob(read_manifest(store, key).files["policy.zip"].sha256))
    with pytest.raises(CheckpointError, match="no checkpoint of the run verifies"):
        restore_checkpoint(store, KEYS, tmp_path / "there", is_exact=True)


def test_a_store_that_does_not_answer_is_no_damage(store: DirectoryStore, local: Path, tmp_path: Path) -> None:
    publisher(store, 1).publish(make_checkpoint(local, 100))
    faulty = FaultyStore(store, lambda name, key: Fault(slow_down()) if name == "download" else None)
    with pytest.raises(CloudError, match="Slow down"):
        restore_checkpoint(faulty, KEYS, tmp_path / "there", is_exact=True)
    assert list((tmp_path / "there").iterdir()) == []


def test_fetching_links_what_is_here_already(store: DirectoryStore, local: Path, tmp_path: Path) -> None:
    ours = publisher(store, 1)
    keys = [ours.publish(make_checkpoint(local, step)) for step in (100, 200)]
    there = tmp_path / "there"
    first, second = (fetch_checkpoint(store, KEYS, key, there) for key in keys)
    assert (first.path / "replay_00000.npz").samefile(second.path / "replay_00000.npz")


def test_an_evaluation_that_came_later_is_brought_along(store: DirectoryStore, local: Path, tmp_path: Path) -> None:
    ours = publisher(store, 1)
    checkpoint = make_checkpoint(local, 100)
    key = ours.publish(checkpoint)
    write_evaluation(checkpoint.path, EvaluationResult(return_mean=7.0, return_std=0.0, episodes=5))
    evaluated = read_checkpoint(checkpoint.path)
    assert evaluated is not None
    ours.tell_evaluation(key, evaluated)
    assert fetch_checkpoint(store, KEYS, key, tmp_path / "there").manifest == evaluated.manifest
    store.damage(KEYS.evaluated(key))
    assert fetch_checkpoint(store, KEYS, key, tmp_path / "there").manifest == checkpoint.manifest


def test_the_newest_the_newest_barrier_and_the_best_never_expire(store: DirectoryStore, local: Path) -> None:
    ours = publisher(store, 1)
    returns = [1.0, 9.0, 3.0, 4.0, 5.0, 6.0]
    keys = [
        ours.publish(make_checkpoint(local, 100 * index, is_barrier=index != 5, return_mean=value))
        for index, value in enumerate(returns)
    ]
    gone = store.expire()
    head = read_head(store, KEYS)
    assert head is not None
    assert (head.step, head.barrier_step, head.best_manifest_key) == (500, 400, keys[1])
    for key in (keys[1], keys[3], keys[4], keys[5]):
        fetch_checkpoint(store, KEYS, key, local / "there")
    assert keys[0] in gone
    assert keys[2] in gone


def test_one_that_turns_out_the_best_after_it_was_superseded_stays(store: DirectoryStore, local: Path) -> None:
    ours = publisher(store, 1)
    first = make_checkpoint(local, 100)
    key = ours.publish(first)
    for step in (200, 300, 400):
        ours.publish(make_checkpoint(local, step))
    assert store.tags(key)
    write_evaluation(first.path, EvaluationResult(return_mean=7.0, return_std=0.0, episodes=5))
    evaluated = read_checkpoint(first.path)
    assert evaluated is not None
    ours.tell_evaluation(key, evaluated)
    store.expire()
    fetch_checkpoint(store, KEYS, key, local / "there")


def test_those_that_wait_for_their_evaluation_stay_until_they_have_it(store: DirectoryStore, local: Path) -> None:
    ours = publisher(store, 1)
    first = make_checkpoint(local, 100, is_evaluation_due=True)
    key = ours.publish(first)
    for step, value in ((200, 5.0), (300, None), (400, None)):
        ours.publish(make_checkpoint(local, step, return_mean=value))
    assert ours.head.waiting == (key,)
    assert key in ours.head.kept
    write_evaluation(first.path, EvaluationResult(return_mean=4.0, return_std=0.0, episodes=5))
    evaluated = read_checkpoint(first.path)
    assert evaluated is not None
    ours.tell_evaluation(key, evaluated)
    assert ours.head.waiting == ()
    assert key not in ours.head.kept
    assert store.tags(key)


def test_content_that_comes_back_loses_its_tag(store: DirectoryStore, local: Path, tmp_path: Path) -> None:
    """A later attempt trains the same steps again, bit by bit: its files are those that were superseded."""
    ours = publisher(store, 1)
    for step in (100, 200, 300):
        ours.publish(make_checkpoint(local, step))
    again = publisher(store, 2)
    again.publish(make_checkpoint(tmp_path / "again", 100))
    store.expire()
    assert restored_step(store, tmp_path / "there") == 100
