"""Checkpoints that an instance published come to the user's machine, small ones at once, with their evaluations."""

from pathlib import Path

import pytest

from cloud.fetching import SMALL_BYTES, Checkpoints, is_small
from cloud.records import BlobEntry, CloudManifest
from engine.protocol.checkpoints import EvaluationResult, find_checkpoint, list_checkpoints, read_checkpoint
from engine.protocol.checkpoints import write_evaluation as evaluate
from engine.protocol.config import to_yaml
from engine.protocol.presets import build_config
from engine.protocol.run_dir import RunDir
from tests.cloud.directory_store import DirectoryStore
from tests.cloud.made_checkpoints import KEYS, make_checkpoint, publisher

pytestmark = pytest.mark.usefixtures("no_fsync")


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Checkpoints on the instance."""
    return tmp_path / "there"


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    run = RunDir(tmp_path / KEYS.run_id)
    run.path.mkdir()
    config = build_config("cartpole_balance", algorithm="ppo", overrides=["checkpoints.keep_last=2"])
    run.config.write_text(to_yaml(config))
    return run


def steps(run: RunDir) -> list[int]:
    return [checkpoint.step for checkpoint in list_checkpoints(run.checkpoints)]


def test_new_ones_come_and_old_ones_go_by_the_run_s_own_rules(store: DirectoryStore, there: Path, run: RunDir) -> None:
    here, ours = Checkpoints(run, store), publisher(store, 1)
    here.pull(is_small)
    assert steps(run) == []
    for step in (100, 200, 300, 400):
        ours.publish(make_checkpoint(there, step))
        here.pull(is_small)
    assert steps(run) == [300, 400]
    assert find_checkpoint(run.checkpoints, "latest").step == 400


def test_large_ones_wait_for_the_end(store: DirectoryStore, there: Path, run: RunDir) -> None:
    here = Checkpoints(run, store)
    publisher(store, 1).publish(make_checkpoint(there, 100))
    here.pull(lambda _: False)
    assert steps(run) == []
    here.pull_last()
    assert steps(run) == [100]
    entry = BlobEntry(sha256="", size_bytes=SMALL_BYTES // 2 + 1)
    manifest = CloudManifest(step=1, epoch=1, is_barrier=True, reason="", files={"a": entry})
    assert is_small(manifest)
    assert not is_small(CloudManifest(step=1, epoch=1, is_barrier=True, reason="", files={"a": entry, "b": entry}))


def test_an_evaluation_that_came_later_comes_too(store: DirectoryStore, there: Path, run: RunDir) -> None:
    here, ours = Checkpoints(run, store), publisher(store, 1)
    checkpoint = make_checkpoint(there, 100)
    ours.publish(checkpoint)
    here.pull(is_small)
    evaluate(checkpoint.path, EvaluationResult(return_mean=7.0, return_std=0.0, episodes=5))
    evaluated = read_checkpoint(checkpoint.path)
    assert evaluated is not None
    ours.tell_evaluation(ours.head.manifest_key, evaluated)
    here.pull(is_small)
    found = find_checkpoint(run.checkpoints, "best")
    assert found.manifest.evaluation is not None
    assert found.manifest.evaluation.return_mean == 7.0


def test_a_damaged_one_is_passed_over(store: DirectoryStore, there: Path, run: RunDir) -> None:
    here, ours = Checkpoints(run, store), publisher(store, 1)
    ours.publish(make_checkpoint(there, 100, with_replay=False))
    for key in store.keys(KEYS.blobs):
        store.damage(key)
    here.pull(is_small)
    assert steps(run) == []
    ours.publish(make_checkpoint(there, 200, with_replay=False))
    here.pull(is_small)
    assert steps(run) == [200]
