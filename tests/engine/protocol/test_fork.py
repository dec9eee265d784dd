"""A fork begins where its parent was, with a checkpoint that is whole, and the parent stays as it is."""

import os
from pathlib import Path

import msgspec
import pytest

from engine.protocol.algorithms import A2C, PPO, SAC, PolicyKwargs
from engine.protocol.checkpoints import Checkpoint, Manifest, find_checkpoint, new_checkpoint
from engine.protocol.config import Normalization, RunConfig
from engine.protocol.errors import CheckpointError, ConfigError, StorageError
from engine.protocol.fork import check_fork, fork_run
from engine.protocol.provenance import Parent, Provenance, collect_provenance
from engine.protocol.run_dir import RunDir, create_run, list_runs

BEFORE = RunConfig(task="cartpole_balance", total_timesteps=1000)


@pytest.fixture
def parent(tmp_path: Path) -> RunDir:
    """A run with one checkpoint."""
    run = create_run(tmp_path / "runs", BEFORE, collect_provenance(["test"]))
    manifest = Manifest(step=100, algorithm="ppo", task=BEFORE.task, reason="last", saved_at=1.0, files={})
    with new_checkpoint(run.checkpoints, manifest) as folder:
        (folder / "policy.zip").write_bytes(b"the policy")
        (folder / "state.json").write_bytes(b"{}")
    return run


def checkpoint_of(run: RunDir) -> Checkpoint:
    return find_checkpoint(run.checkpoints, "100")


def fork(parent: RunDir, checkpoint: Checkpoint | None = None) -> RunDir:
    return fork_run(
        parent,
        checkpoint or checkpoint_of(parent),
        runs_dir=parent.path.parent,
        config=BEFORE,
        provenance=collect_provenance(["test"]),
    )


def content_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_the_fork_has_the_checkpoint_and_no_events(parent: RunDir) -> None:
    forked = fork(parent)
    assert checkpoint_of(forked).manifest == checkpoint_of(parent).manifest
    assert not forked.events.exists()


def test_the_parent_stays_as_it_is(parent: RunDir) -> None:
    before = content_of(parent.path)
    fork(parent)
    assert content_of(parent.path) == before


def test_provenance_names_the_parent_and_the_step(parent: RunDir) -> None:
    provenance = msgspec.json.decode(fork(parent).provenance.read_bytes(), type=Provenance)
    assert provenance.parent == Parent(run=parent.id, step=100)


def test_files_are_shared_where_the_file_system_can(parent: RunDir) -> None:
    policies = [checkpoint_of(run).path / "policy.zip" for run in (parent, fork(parent))]
    assert os.path.samefile(*policies)


def test_files_are_copied_where_the_file_system_cannot_link(parent: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "link", refuse)
    policies = [checkpoint_of(run).path / "policy.zip" for run in (parent, fork(parent))]
    assert not os.path.samefile(*policies)


def test_damaged_checkpoint_makes_no_run(parent: RunDir) -> None:
    checkpoint = checkpoint_of(parent)
    (checkpoint.path / "policy.zip").write_bytes(b"the police")
    with pytest.raises(CheckpointError, match="damaged"):
        fork(parent, checkpoint)
    assert list_runs(parent.path.parent) == [parent]


def test_nothing_is_left_of_a_fork_whose_copy_fails(parent: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(StorageError):
        fork(parent)
    assert list_runs(parent.path.parent) == [parent]


def test_other_hyper_parameters_may_change() -> None:
    after = RunConfig(
        task="cartpole_balance", algorithm=PPO(learning_rate=1e-4, n_steps=64), num_envs=2, seed=9, total_timesteps=2000
    )
    check_fork(BEFORE, after, begin=1000)


SMALL = PolicyKwargs(net_arch=[8])


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"task": "ant_walk"}, "task"),
        ({"algorithm": A2C()}, "algorithm.name"),
        ({"algorithm": PPO(policy_kwargs=SMALL)}, "algorithm.policy_kwargs"),
        ({"algorithm": PPO(use_sde=True)}, "algorithm.use_sde"),
        ({"normalization": Normalization(observations=False)}, "normalization.observations"),
        ({"total_timesteps": 100}, "total_timesteps"),
    ],
)
def test_what_the_checkpoint_does_not_fit_is_refused(changes: dict, key: str) -> None:
    with pytest.raises(ConfigError) as error:
        check_fork(BEFORE, msgspec.structs.replace(BEFORE, **changes), begin=100)
    assert error.value.key == key


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"algorithm": SAC(buffer_size=10)}, "algorithm.buffer_size"),
        ({"num_envs": 2}, "num_envs"),
        ({"algorithm": SAC(ent_coef=0.1)}, "algorithm.ent_coef"),
    ],
)
def test_what_the_replay_buffer_does_not_fit_is_refused(changes: dict, key: str) -> None:
    before = RunConfig(task="a", algorithm=SAC())
    with pytest.raises(ConfigError) as error:
        check_fork(before, msgspec.structs.replace(before, **changes), begin=100)
    assert error.value.key == key
