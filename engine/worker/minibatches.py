"""Rows of a rollout in random order, as Stable-Baselines3's RolloutBuffer.get draws it, as NumPy arrays."""

from __future__ import annotations

import numpy as np
from stable_baselines3.common.buffers import RolloutBuffer

from engine.worker.ppo_loss import Minibatch


def shuffled(buffer: RolloutBuffer) -> Minibatch:
    """Return all rows of a full rollout, gathered in one go."""
    if not buffer.generator_ready:
        for name in ("observations", "actions", "values", "log_probs", "advantages", "returns"):
            setattr(buffer, name, buffer.swap_and_flatten(getattr(buffer, name)))
        buffer.generator_ready = True
    order = np.random.permutation(buffer.buffer_size * buffer.n_envs)  # SB3's generator
    columns = (buffer.values, buffer.log_probs, buffer.advantages, buffer.returns)
    flat = (column.ravel()[order] for column in columns)
    return Minibatch(buffer.observations[order], buffer.actions[order], *flat)
