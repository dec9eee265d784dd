"""Checkpoints in S3, raced for or cut off anywhere: HEAD verifies, the later attempt has it, nothing needed expires."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.checkpoints import fetch_checkpoint, read_head
from cloud.errors import CloudError, FencedError
from cloud.publisher import Publisher
from tests.cloud.directory_store import DirectoryStore, Fault, FaultyStore, slow_down
from tests.cloud.made_checkpoints import KEYS, hold, make_checkpoint, publisher, restored_step

pytestmark = pytest.mark.usefixtures("no_fsync")


class Crash(BaseException):
    """The machine is gone."""


def test_a_zombie_cannot_move_head_though_the_later_attempt_has_published_nothing(
    store: DirectoryStore, local: Path
) -> None:
    zombie = publisher(store, 1)
    zombie.publish(make_checkpoint(local, 100))
    late = make_checkpoint(local, 200)
    hold(store, 2)  # it has not even looked at HEAD yet
    with pytest.raises(FencedError):
        zombie.publish(late)
    publisher(store, 2)
    head = read_head(store, KEYS)
    assert head is not None
    assert (head.epoch, head.step) == (2, 100)


def test_a_zombie_that_wakes_in_the_middle_of_publishing_is_refused_by_head(
    store: DirectoryStore, local: Path, tmp_path: Path
) -> None:
    is_asleep = [True]

    def overtake(name: str, key: str) -> None:
        if name == "replace" and is_asleep:  # between the manifest and HEAD
            is_asleep.clear()
            publisher(store, 2).publish(make_checkpoint(tmp_path / "second", 150, salt="second"))

    zombie = publisher(FaultyStore(store, overtake), 1)
    is_asleep.append(True)
    with pytest.raises(FencedError):
        zombie.publish(make_checkpoint(local, 200))
    head = read_head(store, KEYS)
    assert head is not None
    assert (head.epoch, head.step) == (2, 150)
    assert restored_step(store, tmp_path / "there") == 150


def test_a_zombie_tags_nothing(store: DirectoryStore, local: Path) -> None:
    hold(store, 1)
    zombie_store = FaultyStore(store)
    zombie = publisher(zombie_store, 1)
    for step in (100, 200):
        zombie.publish(make_checkpoint(local, step))
    last = make_checkpoint(local, 300)

    def overtake(name: str, key: str) -> None:
        if name == "get" and key == KEYS.lease and zombie.head.step == 300:
            hold(store, 2)

    zombie_store.fault = overtake
    with pytest.raises(FencedError):
        zombie.publish(last)
    assert not any(store.tags(key) for key in store.keys(KEYS.prefix))
    publisher(store, 2)  # finishes what the other one left
    assert any(store.tags(key) for key in store.keys(KEYS.prefix))


def test_two_epochs_that_race_leave_head_to_the_later_one(store: DirectoryStore, local: Path, tmp_path: Path) -> None:
    """I1 and I2: whatever the interleaving, HEAD ends with the higher epoch and verifies."""
    fenced: list[int] = []

    def train(epoch: int) -> None:
        try:
            ours = publisher(store, epoch)
            for step in range(100, 600, 100):
                ours.publish(make_checkpoint(local / str(epoch), step + epoch, salt=str(epoch)))
        except FencedError:
            fenced.append(epoch)

    threads = [threading.Thread(target=train, args=(epoch,)) for epoch in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    head = read_head(store, KEYS)
    assert head is not None
    assert head.epoch == 3
    assert head.step == 503
    assert 3 not in fenced
    store.expire()
    assert restored_step(store, tmp_path / "there") == 503


def begun(folder: Path) -> DirectoryStore:
    """Return a bucket in which attempt 1 has published two checkpoints."""
    store = DirectoryStore(folder / "bucket")
    ours = publisher(store, 1)
    for step in (100, 200):
        ours.publish(make_checkpoint(folder / "checkpoints", step))
    return store


def test_cut_off_at_every_call_head_verifies_and_the_next_attempt_goes_on(tmp_path: Path) -> None:
    first = begun(tmp_path)
    third, fourth = (
        make_checkpoint(tmp_path / "checkpoints", 300, return_mean=1.0),
        make_checkpoint(tmp_path / "4", 400),
    )
    cut = 0
    while True:
        store = first.copy_to(tmp_path / f"cut{cut}")
        dying = FaultyStore(store)
        ours = publisher(dying, 1)
        dying.fault = after(cut, Crash())
        try:
            ours.publish(third)
        except Crash:
            assert restored_step(store, tmp_path / "there") in (200, 300)
        else:
            break
        again = publisher(store, 2)
        again.publish(third)
        again.publish(fourth)
        store.expire()
        assert restored_step(store, tmp_path / "there") == 400
        cut += 1
    assert cut > 12


def after(num_calls: int, error: BaseException, *, is_after: bool = False) -> Callable[[str, str], Fault | None]:
    """Return a fault that lets so many calls through and no further one."""
    left = [num_calls]

    def fault(name: str, key: str) -> Fault | None:
        left[0] -= 1
        return Fault(error, is_after=is_after) if left[0] < 0 else None

    return fault


@settings(max_examples=8)
@given(data=st.data())
def test_whatever_happens_what_is_kept_verifies_after_the_lifecycle(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Publications, evaluations, failures and new attempts in any order; then everything that is tagged expires."""
    folder = tmp_path_factory.mktemp("any")
    store = DirectoryStore(folder / "bucket")
    faulty = FaultyStore(store)
    epoch, step, newest = 1, 0, -1
    ours: Publisher | None = None
    for _ in range(data.draw(st.integers(2, 9))):
        faulty.fault = after(data.draw(st.integers(0, 40)), slow_down(), is_after=data.draw(st.booleans()))
        try:
            if ours is None or data.draw(st.booleans()):
                epoch += 1
                ours = publisher(faulty, epoch)
            step += 100
            checkpoint = make_checkpoint(
                folder / "checkpoints",
                step,
                is_barrier=data.draw(st.booleans()),
                return_mean=data.draw(st.sampled_from([None, 1.0, 2.0, 3.0])),
            )
            ours.publish(checkpoint)
            newest = step
        except CloudError:
            ours = None
    store.expire()
    head = read_head(store, KEYS)
    assert (head is not None) or newest == -1
    for key in head.kept if head else ():
        fetch_checkpoint(store, KEYS, key, folder / "there")
    if head is not None:
        assert head.step >= newest
        assert {head.manifest_key, head.barrier_manifest_key, head.best_manifest_key} - {""} <= set(head.kept)
