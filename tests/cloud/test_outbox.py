"""Which checkpoints go to S3 and when, while an engine saves, replaces and deletes them."""

import shutil
import time
from pathlib import Path

import pytest

from cloud.checkpoints import fetch_checkpoint, list_manifest_keys, order_of, read_head, restore_checkpoint
from cloud.outbox import Outbox
from cloud.publisher import Publisher
from cloud.restoring import Beginning, Known
from engine.protocol.checkpoints import EvaluationResult, write_evaluation
from tests.cloud.directory_store import DirectoryStore, FaultyStore
from tests.cloud.made_checkpoints import KEYS, hold, make_checkpoint

pytestmark = pytest.mark.usefixtures("no_fsync")
LATER = 1e9


class World:
    def __init__(self, folder: Path, *, beginning: Beginning | None = None) -> None:
        self.bucket = DirectoryStore(folder / "bucket")
        self.store = FaultyStore(self.bucket)
        self.local = folder / "checkpoints"
        self.local.mkdir()
        self.publisher = Publisher(self.store, KEYS, hold(self.store, 1))
        self.outbox = Outbox(self.local, folder / "outbox", self.publisher, beginning or Beginning())

    def steps(self) -> list[int]:
        """Return the steps of the checkpoints in the bucket."""
        return sorted(order_of(key)[1] for key in list_manifest_keys(self.bucket, KEYS))

    def head_step(self) -> int:
        head = read_head(self.bucket, KEYS)
        return head.step if head else -1


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_each_checkpoint_is_published_once(world: World) -> None:
    for step in (100, 200):
        make_checkpoint(world.local, step)
        world.outbox.publish_new()
        world.outbox.publish_new()
    assert world.steps() == [100, 200]
    assert world.outbox.bytes_per_s is not None


def test_of_many_that_wait_the_newest_the_newest_barrier_and_the_best_go(world: World) -> None:
    for step in (100, 200, 300, 400, 500):
        make_checkpoint(world.local, step, is_barrier=step < 500, return_mean={200: 9.0}.get(step, 1.0))
    world.outbox.publish_new()
    assert world.steps() == [200, 400, 500]
    assert world.head_step() == 500


def test_one_that_the_engine_deletes_during_its_upload_is_whole(world: World) -> None:
    checkpoint = make_checkpoint(world.local, 100)

    def delete(name: str, key: str) -> None:
        if name == "upload":
            shutil.rmtree(checkpoint.path, ignore_errors=True)

    world.store.fault = delete  # type: ignore[assignment]
    world.outbox.publish_new()
    assert world.head_step() == 100
    restored = restore_checkpoint(world.bucket, KEYS, world.local / "there", is_exact=True)
    assert restored is not None


def test_a_damaged_one_is_left_out_and_does_not_hold_up_the_next(world: World) -> None:
    damaged = make_checkpoint(world.local, 100)
    (damaged.path / "policy.zip").write_bytes(b"torn")
    for _ in range(2):
        world.outbox.publish_new()
    make_checkpoint(world.local, 200)
    world.outbox.publish_new()
    assert world.steps() == [200]


def test_what_was_restored_is_not_published_again_but_its_evaluation_is(tmp_path: Path) -> None:
    first = World(tmp_path)
    checkpoint = make_checkpoint(first.local, 100)
    first.outbox.publish_new()
    [key] = list_manifest_keys(first.bucket, KEYS)
    beginning = Beginning(step=100, checkpoints=(Known(100, checkpoint.manifest.saved_at, True, key),))
    again = Outbox(first.local, tmp_path / "outbox", first.publisher, beginning)
    before = first.store.calls["upload"]
    again.publish_new()
    assert first.store.calls["upload"] == before
    write_evaluation(checkpoint.path, EvaluationResult(return_mean=3.0, return_std=0.0, episodes=5))
    again.publish_new()
    head = read_head(first.bucket, KEYS)
    assert head is not None
    assert (head.best_manifest_key, head.best_return) == (key, 3.0)
    assert first.steps() == [100]


def test_an_evaluation_is_told_once(world: World) -> None:
    checkpoint = make_checkpoint(world.local, 100)
    world.outbox.publish_new()
    write_evaluation(checkpoint.path, EvaluationResult(return_mean=3.0, return_std=0.0, episodes=5))
    for _ in range(3):
        world.outbox.publish_new()
    [key] = list_manifest_keys(world.bucket, KEYS)
    assert fetch_checkpoint(world.bucket, KEYS, key, world.local / "there").manifest.evaluation is not None
    assert world.store.calls["put"] == 1


def test_with_time_everything_is_saved_in_the_end(world: World) -> None:
    make_checkpoint(world.local, 100)
    assert world.outbox.publish_last(until=time.monotonic() + LATER) == ""
    assert world.head_step() == 100


def test_with_little_time_the_replay_buffer_is_left_out(world: World) -> None:
    checkpoint = make_checkpoint(world.local, 100)
    light = sum(e.size_bytes for name, e in checkpoint.manifest.files.items() if not name.startswith("replay"))
    world.outbox.bytes_per_s = light / 10.0  # with caution, 15 s for the light one, 45 for all
    assert "everything but the replay buffer is saved" in world.outbox.publish_last(until=time.monotonic() + 30.0)
    [key] = list_manifest_keys(world.bucket, KEYS)
    fetched = fetch_checkpoint(world.bucket, KEYS, key, world.local / "there")
    assert set(fetched.manifest.files) == {"policy.zip", "state.json"}


def test_one_without_its_replay_buffer_does_not_take_the_place_of_one_with_it(world: World) -> None:
    make_checkpoint(world.local, 100)
    world.outbox.publish_new()
    second = make_checkpoint(world.local, 200)
    world.outbox.bytes_per_s = world.publisher.new_bytes(second) / 20.0  # with caution, 30 s
    world.outbox.publish_last(until=time.monotonic() + 25.0)
    assert world.steps() == [100, 200]
    assert world.head_step() == 100
    head = read_head(world.bucket, KEYS)
    assert head is not None
    assert len(head.kept) == 2


def test_without_time_nothing_is_touched(world: World) -> None:
    make_checkpoint(world.local, 100)
    assert "nothing; the last checkpoint in S3 stays" in world.outbox.publish_last(until=time.monotonic())
    assert world.steps() == []


def test_the_barrier_goes_before_the_newest(world: World) -> None:
    make_checkpoint(world.local, 100, is_barrier=True)
    make_checkpoint(world.local, 150, is_barrier=False)
    world.outbox.publish_last(until=time.monotonic() + LATER)
    head = read_head(world.bucket, KEYS)
    assert head is not None
    assert (head.step, head.barrier_step, world.steps()) == (150, 100, [100, 150])
