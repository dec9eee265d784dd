"""The lease: its epoch only grows, and of several that want it at once exactly one gets it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloud.errors import CloudError, FencedError
from cloud.lease import read_lease
from tests.cloud.directory_store import DirectoryStore, Fault, FaultyStore, slow_down
from tests.cloud.made_checkpoints import KEYS, hold


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path)


def test_the_first_attempt_takes_it(store: DirectoryStore) -> None:
    assert read_lease(store, KEYS) is None
    hold(store, 1)
    lease = read_lease(store, KEYS)
    assert lease is not None
    assert (lease.epoch, lease.instance_id) == (1, "i-1")


def test_a_later_attempt_shuts_an_earlier_one_out(store: DirectoryStore) -> None:
    earlier = hold(store, 1)
    earlier.check()
    hold(store, 2)
    with pytest.raises(FencedError, match="Attempt 2 on i-2 holds the run now"):
        earlier.check()
    with pytest.raises(FencedError):
        hold(store, 1)


def test_an_agent_that_starts_again_keeps_its_lease(store: DirectoryStore) -> None:
    hold(store, 1)
    hold(store, 1).check()


def test_of_two_instances_of_one_attempt_only_the_first_gets_it(store: DirectoryStore) -> None:
    hold(store, 1, instance="i-a")
    with pytest.raises(FencedError):
        hold(store, 1, instance="i-b")


def test_a_deleted_lease_fences(store: DirectoryStore) -> None:
    held = hold(store, 1)
    store.delete(KEYS.lease)
    with pytest.raises(FencedError, match="deleted"):
        held.check()


def test_a_lost_answer_is_no_lost_lease(store: DirectoryStore) -> None:
    faults = [Fault(slow_down(), is_after=True)]
    faulty = FaultyStore(store, lambda name, key: faults.pop() if name == "create" and faults else None)
    with pytest.raises(CloudError):
        hold(faulty, 1)
    hold(faulty, 1).check()


@pytest.mark.parametrize("has_holder", [False, True])
def test_of_twelve_at_once_the_highest_has_it_in_the_end(store: DirectoryStore, has_holder: bool) -> None:
    if has_holder:
        hold(store, 1)

    def race(epoch: int) -> int:
        try:
            return hold(store, epoch).epoch
        except FencedError:
            return 0

    with ThreadPoolExecutor(12) as pool:
        taken = list(pool.map(race, range(2, 14)))
    lease = read_lease(store, KEYS)
    assert lease is not None
    assert lease.epoch == max(taken) == 13
