"""The run directory on an instance: what was sent, all events, and one checkpoint."""

from contextlib import closing
from pathlib import Path

import pytest

from cloud.errors import CloudError
from cloud.restoring import Beginning, Known, read_beginning, restore_run, write_beginning
from cloud.segments import SegmentWriter
from engine.protocol.errors import CheckpointError
from engine.protocol.events import Metrics, RunStarted
from engine.protocol.json_lines import EventWriter
from engine.protocol.run_dir import RunDir
from tests.cloud.directory_store import DirectoryStore
from tests.cloud.made_checkpoints import KEYS, make_checkpoint, publisher

pytestmark = pytest.mark.usefixtures("no_fsync")


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    made = DirectoryStore(tmp_path / "bucket")
    made.put(f"{KEYS.inputs}config.yaml", b"task: cartpole_balance\n")
    made.put(f"{KEYS.inputs}robot/arm/arm.urdf", b"<robot/>")
    return made


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return RunDir(tmp_path / "runs" / "run")


def write_events(store: DirectoryStore, folder: Path) -> bytes:
    path = folder / "events.jsonl"
    with closing(EventWriter(path, clock=lambda: 0.0)) as engine:
        for event in (RunStarted(total_timesteps=1234), Metrics(), Metrics()):
            engine.write(event)
    SegmentWriter(store, KEYS, path, epoch=1, restored_seq=0).upload_new()
    return path.read_bytes()


def test_a_first_attempt_has_the_inputs_and_nothing_else(store: DirectoryStore, run: RunDir) -> None:
    assert restore_run(store, KEYS, run, is_exact=True) == Beginning()
    assert run.config.read_bytes() == b"task: cartpole_balance\n"
    assert (run.path / "robot/arm/arm.urdf").read_bytes() == b"<robot/>"
    assert not run.events.exists()


def test_a_later_one_has_events_and_checkpoint_too(store: DirectoryStore, run: RunDir, tmp_path: Path) -> None:
    content = write_events(store, tmp_path)
    key = publisher(store, 1).publish(make_checkpoint(tmp_path / "checkpoints", 100))
    found = restore_run(store, KEYS, run, is_exact=True)
    assert found == Beginning(seq=3, step=100, checkpoints=(Known(100, 100.0, True, key),), total_timesteps=1234)
    assert run.events.read_bytes() == content
    assert (run.checkpoints / "000000100" / "policy.zip").is_file()


def test_earlier_ones_that_wait_for_their_evaluation_come_along(
    store: DirectoryStore, run: RunDir, tmp_path: Path
) -> None:
    ours = publisher(store, 1)
    for step, is_due in ((100, True), (200, False), (300, False), (400, False), (500, False)):
        ours.publish(make_checkpoint(tmp_path / "checkpoints", step, is_barrier=step < 500, is_evaluation_due=is_due))
    found = restore_run(store, KEYS, run, is_exact=True)
    assert [known.step for known in found.checkpoints] == [400, 100]
    assert sorted(path.name for path in run.checkpoints.iterdir()) == ["000000100", "000000400"]


def test_what_a_restore_that_was_cut_off_left_is_no_hindrance(store: DirectoryStore, run: RunDir) -> None:
    run.path.mkdir(parents=True)
    (run.path / "half").write_text("x")
    restore_run(store, KEYS, run, is_exact=True)
    assert not (run.path / "half").exists()


def test_a_run_that_was_never_sent_is_an_error(run: RunDir, tmp_path: Path) -> None:
    with pytest.raises(CloudError, match="send the run again"):
        restore_run(DirectoryStore(tmp_path / "empty"), KEYS, run, is_exact=True)


def test_an_input_that_would_leave_the_directory_is_refused(
    store: DirectoryStore, run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first, *_] = store.list(KEYS.inputs)
    evil = first._replace(key=f"{KEYS.inputs}../../evil")
    monkeypatch.setattr(store, "list", lambda prefix: iter([evil]))
    with pytest.raises(CloudError, match="leave the run directory"):
        restore_run(store, KEYS, run, is_exact=True)


def test_only_damaged_checkpoints_are_no_reason_to_begin_again(
    store: DirectoryStore, run: RunDir, tmp_path: Path
) -> None:
    publisher(store, 1).publish(make_checkpoint(tmp_path / "checkpoints", 100))
    for key in store.keys(KEYS.blobs):
        store.damage(key)
    with pytest.raises(CheckpointError):
        restore_run(store, KEYS, run, is_exact=True)


def test_what_was_restored_is_written_down(tmp_path: Path) -> None:
    path = tmp_path / "restored.json"
    assert read_beginning(path) is None
    beginning = Beginning(seq=3, step=100, passed_over=("a",))
    write_beginning(path, beginning)
    assert read_beginning(path) == beginning
