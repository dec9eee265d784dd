"""Records of attempts: two writers, and a state that only moves on."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from cloud.attempting import close_attempt
from cloud.attempts import change_attempt, read_attempt, read_attempts
from cloud.records import Attempt, AttemptState, Cause, encode
from cloud.store import ObjectStore
from cloud.trainer import Ending
from tests.cloud.directory_store import DirectoryStore
from tests.cloud.made_checkpoints import KEYS, make_checkpoint, publisher

pytestmark = pytest.mark.usefixtures("no_fsync")


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    made = DirectoryStore(tmp_path / "bucket")
    made.create(KEYS.attempt(1), encode(Attempt(number=1, token="t", state=AttemptState.LAUNCHED)))
    return made


def record(store: ObjectStore) -> Attempt:
    found = read_attempt(store, KEYS, 1)
    assert found is not None
    return found


def test_they_are_read_by_number(store: DirectoryStore) -> None:
    store.create(KEYS.attempt(2), encode(Attempt(number=2, token="t")))
    assert [attempt.number for attempt in read_attempts(store, KEYS)] == [1, 2]
    assert read_attempt(store, KEYS, 3) is None


def test_a_state_never_moves_back(store: DirectoryStore) -> None:
    change_attempt(store, KEYS, 1, lambda now: msgspec.structs.replace(now, state=AttemptState.ENDED))
    change_attempt(store, KEYS, 1, lambda now: msgspec.structs.replace(now, state=AttemptState.RUNNING, fleet_id="f"))
    assert (record(store).state, record(store).fleet_id) == (AttemptState.ENDED, "")


def test_no_change_of_two_writers_is_lost(store: DirectoryStore) -> None:
    def add(_: int) -> None:
        change_attempt(store, KEYS, 1, lambda now: msgspec.structs.replace(now, last_step=now.last_step + 1))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(add, range(20)))
    assert record(store).last_step == 20


def test_a_record_that_is_not_there_is_not_made(store: DirectoryStore) -> None:
    assert change_attempt(store, KEYS, 9, lambda now: now) is None
    assert read_attempt(store, KEYS, 9) is None


@pytest.mark.parametrize(("is_exact", "lost"), [(True, 150), (False, 100)])
def test_lost_work_is_what_the_next_attempt_has_to_train_again(
    store: DirectoryStore, tmp_path: Path, is_exact: bool, lost: int
) -> None:
    ours = publisher(store, 1)
    ours.publish(make_checkpoint(tmp_path / "local", 100))
    ours.publish(make_checkpoint(tmp_path / "local", 150, is_barrier=False))
    ending = Ending(cause=Cause.INTERRUPTED, step=250, message="taken back")
    close_attempt(store, KEYS, 1, ending, is_exact=is_exact)
    closed = record(store)
    assert (closed.state, closed.cause, closed.detail) == (AttemptState.ENDED, Cause.INTERRUPTED, "taken back")
    assert (closed.last_step, closed.saved_step, closed.lost_steps) == (250, 150, lost)


def test_what_somebody_else_wrote_about_the_end_stays(store: DirectoryStore) -> None:
    change_attempt(store, KEYS, 1, lambda now: msgspec.structs.replace(now, cause=Cause.LOST, detail="silent"))
    close_attempt(store, KEYS, 1, Ending(cause=Cause.INTERRUPTED, step=0, message="taken back"))
    assert (record(store).cause, record(store).detail) == (Cause.LOST, "silent")
    first = record(store)
    close_attempt(store, KEYS, 1, Ending(cause=Cause.FAILED, step=9, message="again"))
    assert record(store) == first
