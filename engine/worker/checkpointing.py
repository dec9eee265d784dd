"""Save what a policy needs to act again: SB3's own policy.zip and the normalisation that belongs to it."""

import time

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecNormalize

from engine.protocol.algorithms import algorithm_name
from engine.protocol.checkpoints import NORMALIZER, POLICY, EvaluationResult, Manifest, find_checkpoint, new_checkpoint
from engine.protocol.config import RunConfig
from engine.protocol.events import CheckpointSaved
from engine.protocol.provenance import package_versions
from engine.protocol.run_dir import RunDir
from engine.worker.normalizer import save_normalizer


class Saver:
    """Writes the checkpoints of one run."""

    def __init__(self, run: RunDir, config: RunConfig, model: BaseAlgorithm, env: VecNormalize) -> None:
        self._run = run
        self._config = config
        self._model = model
        self._env = env
        self._versions = package_versions()
        self._last_saved: tuple[int, int] | None = None

    def save(self, reason: str, evaluation: EvaluationResult | None = None) -> CheckpointSaved | None:
        """Save the policy as it is now; None when this very policy is on disk already. Raises StorageError."""
        state = (self._model.num_timesteps, getattr(self._model, "_n_updates", 0))
        if state == self._last_saved:
            return None
        began = time.monotonic()
        manifest = Manifest(
            step=self._model.num_timesteps,
            algorithm=algorithm_name(self._config.algorithm),
            task=self._config.task,
            reason=reason,
            saved_at=time.time(),
            files={},
            evaluation=evaluation,
            versions=self._versions,
        )
        with new_checkpoint(self._run.checkpoints, manifest) as folder:
            self._model.save(folder / POLICY)
            save_normalizer(self._env, folder / NORMALIZER)
        self._last_saved = state
        saved = find_checkpoint(self._run.checkpoints, str(manifest.step))
        return CheckpointSaved(
            step=saved.step,
            path=str(saved.path.relative_to(self._run.path)),
            reason=reason,
            size_bytes=saved.size_bytes,
            duration_s=time.monotonic() - began,
        )
