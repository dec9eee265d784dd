"""Save everything that training needs to go on: SB3's own policy.zip, normalisation, replay buffer, counters."""

import time
from pathlib import Path

import msgspec
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import VecNormalize

from engine.protocol.algorithms import algorithm_name
from engine.protocol.checkpoints import (
    NORMALIZER,
    POLICY,
    Checkpoint,
    Manifest,
    new_checkpoint,
    read_checkpoint,
)
from engine.protocol.config import RunConfig
from engine.protocol.errors import CheckpointError
from engine.protocol.events import CheckpointSaved
from engine.protocol.provenance import package_versions
from engine.protocol.run_dir import RunDir
from engine.worker.normalizer import save_normalizer
from engine.worker.replay_storage import ReplayStorage
from engine.worker.trainer_state import TrainerState, write_state


class Saver:
    """Writes the checkpoints of one run."""

    def __init__(
        self,
        run: RunDir,
        config: RunConfig,
        model: BaseAlgorithm,
        env: VecNormalize,
        *,
        previous: Checkpoint | None = None,
    ) -> None:
        """`previous` is the checkpoint that the run goes on from."""
        self._run = run
        self._model = model
        self._env = env
        self._previous = previous
        self._replay: ReplayStorage | None = None
        self._template = Manifest(
            step=0,
            algorithm=algorithm_name(config.algorithm),
            task=config.task,
            reason="",
            saved_at=0.0,
            files={},
            versions=package_versions(),
        )
        self._last_saved: tuple[int, int, bool] | None = None

    @property
    def latest(self) -> Path:
        """Directory of the last checkpoint, of which there must be one."""
        assert self._previous is not None
        return self._previous.path

    def save(
        self, reason: str, state: TrainerState, *, is_evaluation_due: bool = False, is_barrier: bool = False
    ) -> CheckpointSaved | None:
        """Save the run as it is now; None when this very state is on disk already. Raises StorageError."""
        saved = (state.num_timesteps, state.num_updates, is_barrier)
        if self._last_saved in (saved, (state.num_timesteps, state.num_updates, True)):
            return None
        began = time.monotonic()
        manifest = msgspec.structs.replace(
            self._template,
            step=state.num_timesteps,
            reason=reason,
            saved_at=time.time(),
            is_evaluation_due=is_evaluation_due,
            is_barrier=is_barrier,
        )
        with new_checkpoint(self._run.checkpoints, manifest, previous=self._previous) as folder:
            self._model.save(folder / POLICY)
            save_normalizer(self._env, folder / NORMALIZER)
            write_state(state, folder)
            self._save_replay(folder, state)
        path = self._run.checkpoints / f"{manifest.step:09d}"
        self._previous = read_checkpoint(path)
        if self._previous is None:
            raise CheckpointError(f"{path}: was written and cannot be read back; look at the disk.")
        self._last_saved = saved
        return CheckpointSaved(
            step=manifest.step,
            path=str(path.relative_to(self._run.path)),
            reason=reason,
            size_bytes=self._previous.size_bytes,
            duration_s=time.monotonic() - began,
        )

    def _save_replay(self, folder: Path, state: TrainerState) -> None:
        if not isinstance(self._model, OffPolicyAlgorithm) or self._model.replay_buffer is None:
            return
        self._replay = self._replay or ReplayStorage(self._model.replay_buffer)
        previous = self._previous
        num_new = (state.num_timesteps - previous.step) // self._env.num_envs if previous else 0
        # One row more: a barrier marks the row before its first new one.
        self._replay.save(folder, previous=previous.path if previous else None, num_new_rows=num_new + 1)
