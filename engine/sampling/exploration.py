"""Exploration noise from a generator for each environment: it does not depend on who simulates the environment."""

from __future__ import annotations

import numpy as np

from engine.sampling.policies import Noise, NumpyPolicy

STREAM = 1
"""Second part of the spawn key: the environments' own generators have one part only."""


class Explorer:
    """Makes actions of a policy's mean actions."""

    def __init__(self, policy: NumpyPolicy, *, num_envs: int, first_env_index: int) -> None:
        """Call reseed before anything else."""
        self._policy = policy
        self._num_envs = num_envs
        self._first_env_index = first_env_index
        layout = policy.layout
        self._rngs: list[np.random.Generator] = []
        self._matrices = np.zeros((num_envs, layout.num_features, layout.action_size), dtype=np.float32)
        self._block = np.zeros((0, num_envs, layout.action_size), dtype=np.float32)
        self._sample_freq = -1

    def reseed(self, *key: int) -> None:
        """Give every environment a new generator; it depends on the key and the environment's index over all."""
        # The key's length comes first, because SeedSequence does not tell (1,) from (1, 0).
        self._rngs = [
            np.random.default_rng(
                np.random.SeedSequence((len(key), *key), spawn_key=(self._first_env_index + row, STREAM))
            )
            for row in range(self._num_envs)
        ]

    def begin(self, num_steps: int, *, sde_sample_freq: int) -> None:
        """Prepare for a rollout, in which the weights stay.

        gSDE draws its matrices anew every `sde_sample_freq` steps, or at the first step only if -1.
        """
        self._sample_freq = sde_sample_freq
        policy, noise = self._policy, self._policy.layout.noise
        if noise in (Noise.GAUSSIAN, Noise.SQUASHED):
            size = policy.layout.action_size
            drawn = [rng.standard_normal((num_steps, size), dtype=np.float32) for rng in self._rngs]
            self._block = np.stack(drawn, axis=1)
        if noise is Noise.GAUSSIAN:
            self._block *= np.exp(policy.log_std)

    def explore(self, means: np.ndarray, step: int) -> np.ndarray:
        """Return actions (num_envs, action_size) around the mean actions that the policy has just computed."""
        policy, noise = self._policy, self._policy.layout.noise
        if noise is Noise.NONE:
            actions = means.copy()
        elif noise is Noise.GAUSSIAN:
            actions = means + self._block[step]
        elif noise is Noise.SQUASHED:
            actions = means + self._block[step] * np.exp(policy.log_std)
        else:
            if step == 0 or (self._sample_freq > 0 and step % self._sample_freq == 0):
                self._draw_matrices()
            actions = means + np.matmul(policy.features[:, None], self._matrices)[:, 0]
        return np.tanh(actions, out=actions) if policy.layout.is_squashed else actions

    def _draw_matrices(self) -> None:
        for row, rng in enumerate(self._rngs):
            rng.standard_normal(dtype=np.float32, out=self._matrices[row])
        self._matrices *= np.exp(self._policy.log_std)
