"""Load the policy of a checkpoint for acting: evaluation, replay, scripts."""

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm

from engine.protocol.checkpoints import NORMALIZER, POLICY, Checkpoint
from engine.protocol.errors import CheckpointError
from engine.worker.algorithms import CLASSES
from engine.worker.normalizer import ObservationNormalizer
from robots.env import Observation

_WITHOUT_REPLAY = {"buffer_size": 1, "replay_buffer_class": None, "replay_buffer_kwargs": {}}
"""Acting needs no replay buffer; one for hindsight could not even be made without an environment."""


class Policy:
    """A trained policy with the normalisation that belongs to it."""

    def __init__(self, model: BaseAlgorithm, normalizer: ObservationNormalizer) -> None:
        self.model = model
        self.normalizer = normalizer

    def act(self, observations: Observation, *, deterministic: bool = True) -> np.ndarray:
        """Return actions (num_envs, action_size) in [-1, 1] for raw observations (num_envs, observation_size).

        The observations are by name where the task has goals.
        """
        actions, _ = self.model.predict(self.normalizer(observations), deterministic=deterministic)
        return actions


def load_policy(checkpoint: Checkpoint, *, device: str = "cpu") -> Policy:
    """Load a verified checkpoint. Raises CheckpointError when its algorithm is unknown or its files do not fit."""
    name = checkpoint.manifest.algorithm
    if name not in CLASSES:
        known = ", ".join(CLASSES)
        raise CheckpointError(f"{checkpoint.path}: written by the algorithm {name!r}; this version knows {known}.")
    try:
        model = CLASSES[name].load(checkpoint.path / POLICY, device=device, custom_objects=_WITHOUT_REPLAY)
        normalizer = ObservationNormalizer(checkpoint.path / NORMALIZER)
    except (OSError, ValueError, KeyError, RuntimeError, AttributeError, ModuleNotFoundError) as err:
        raise CheckpointError(
            f"{checkpoint.path}: cannot be loaded here: {err}. It was written with {checkpoint.manifest.versions}."
        ) from err
    return Policy(model, normalizer)
