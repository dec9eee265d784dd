"""Fork a run: a new run that begins at a checkpoint of another, which is only read.

The copied checkpoint is all that the engine needs: a run with a checkpoint and no events begins there.
"""

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from engine.protocol.algorithms import ON_POLICY, algorithm_name
from engine.protocol.checkpoints import MANIFEST, Checkpoint, verify
from engine.protocol.config import RunConfig
from engine.protocol.errors import ConfigError, StorageError
from engine.protocol.files import sync_directory, sync_file
from engine.protocol.provenance import Parent, Provenance
from engine.protocol.run_dir import PLUGINS_FOLDER, ROBOT_FOLDER, RunDir, create_run

_FIXED = {
    "task": "the policy fits the observations and actions that it was trained on",
    "plugins": "a run keeps copies of its own",
    "algorithm.name": "the checkpoint is one of that algorithm",
    "algorithm.policy_kwargs": "the weights of the checkpoint fit that network only",
    "algorithm.use_sde": "the weights of the checkpoint include its noise or do not",
    "algorithm.use_rms_prop": "the checkpoint holds the state of that optimiser",
    "normalization.observations": "the policy was trained on observations in that form",
}
_FIXED_OFF_POLICY = {
    "algorithm.buffer_size": "the replay buffer of the checkpoint has that shape",
    "num_envs": "the replay buffer of the checkpoint has that shape",
}


def check_fork(parent: RunConfig, config: RunConfig, *, begin: int) -> None:
    """Check that `config` can go on from a checkpoint that `parent` made at timestep `begin`. Raises ConfigError."""
    before, after = msgspec.to_builtins(parent), msgspec.to_builtins(config)
    fixed = _FIXED if algorithm_name(parent.algorithm) in ON_POLICY else {**_FIXED, **_FIXED_OFF_POLICY}
    for key, reason in fixed.items():
        old, new = _lookup(before, key), _lookup(after, key)
        if old != new:
            raise ConfigError("fork", key, f"cannot change from {old} to {new}: {reason}; train a new run instead.")
    is_learned = [_lookup(values, "algorithm.ent_coef") == "auto" for values in (before, after)]
    if is_learned[0] != is_learned[1]:
        reason = "the checkpoint holds a learned ent_coef or holds none"
        raise ConfigError("fork", "algorithm.ent_coef", f"cannot change between auto and a number: {reason}.")
    if config.total_timesteps <= begin:
        raise ConfigError(
            "fork",
            "total_timesteps",
            f"expected more than the {begin:,} timesteps at which the fork begins, got {config.total_timesteps:,}; "
            "give --steps.",
        )


def fork_run(
    parent: RunDir, checkpoint: Checkpoint, *, runs_dir: Path, config: RunConfig, provenance: Provenance
) -> RunDir:
    """Make a run below `runs_dir` that begins at `checkpoint` of `parent`, with copies of all that its task needs.

    Raises CheckpointError when the checkpoint or its copy is damaged, and StorageError; then nothing is left of it.
    """
    verify(checkpoint)
    origin = Parent(run=parent.id, step=checkpoint.step)
    run = create_run(runs_dir, config, msgspec.structs.replace(provenance, parent=origin))
    try:
        _copy_task(parent, run)
        copy = _copy(checkpoint, run.checkpoints)
        verify(copy)
    except BaseException:
        shutil.rmtree(run.path, ignore_errors=True)
        raise
    return run


def _copy_task(parent: RunDir, run: RunDir) -> None:
    """Copy what the parent knows of its task, and the files of the task."""
    try:
        if parent.facts.is_file():
            shutil.copyfile(parent.facts, run.facts)
        for name in (ROBOT_FOLDER, PLUGINS_FOLDER):
            if (parent.path / name).is_dir():
                shutil.copytree(parent.path / name, run.path / name)
    except OSError as err:
        raise StorageError.from_os_error(err, run.path) from err


def _copy(checkpoint: Checkpoint, folder: Path) -> Checkpoint:
    """Copy a checkpoint into `folder` in one rename, by hard links where the file system has them."""
    final = folder / checkpoint.path.name
    temporary = folder / f".{final.name}.{os.getpid()}.tmp"
    try:
        temporary.mkdir(parents=True)
        for name in [*checkpoint.manifest.files, MANIFEST]:
            _link_or_copy(checkpoint.path / name, temporary / name)
        sync_directory(temporary)
        temporary.rename(final)
        sync_directory(folder)
    except OSError as err:
        raise StorageError.from_os_error(err, final) from err
    return Checkpoint(path=final, manifest=checkpoint.manifest)


def _link_or_copy(source: Path, target: Path) -> None:
    # Checkpoints are never written in place, so two runs may share a file.
    with contextlib.suppress(OSError):
        os.link(source, target)
        return
    shutil.copyfile(source, target)
    sync_file(target)


def _lookup(values: Mapping[str, Any], key: str) -> Any:
    found: Any = values
    for name in key.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
