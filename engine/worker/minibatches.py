"""Rows of a rollout in random order, as Stable-Baselines3's RolloutBuffer.get draws it, as NumPy arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from stable_baselines3.common.buffers import RolloutBuffer

from engine.worker.ppo_loss import Minibatch


def shuffled(buffer: RolloutBuffer, *, batch_size: int) -> Iterator[Minibatch]:
    """Yield a full rollout once, gathered in one go."""
    if not buffer.generator_ready:
        for name in ("observations", "actions", "values", "log_probs", "advantages", "returns"):
            setattr(buffer, name, buffer.swap_and_flatten(getattr(buffer, name)))
        buffer.generator_ready = True
    order = np.random.permutation(buffer.buffer_size * buffer.n_envs)  # SB3's generator
    columns = (buffer.values, buffer.log_probs, buffer.advantages, buffer.returns)
    observations, actions = buffer.observations[order], buffer.actions[order]
    flat = [column.ravel()[order] for column in columns]
    for begin in range(0, len(order), batch_size):
        rows = slice(begin, begin + batch_size)
        yield Minibatch(observations[rows], actions[rows], *(column[rows] for column in flat))
