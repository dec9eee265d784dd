"""Let an off-policy algorithm choose its training actions with NumPy: calls of torch cost more than a few rows do.

Random numbers are drawn as Stable-Baselines3 draws them, so actions are its actions up to rounding. Where the policy is
on a GPU, the actor's parameters are copied once for a rollout, and random numbers are the CPU's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from stable_baselines3.common.noise import ActionNoise
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import RolloutReturn

from engine.worker.closed_form import ClosedForm
from engine.worker.flat_networks import flatten
from engine.worker.host_copy import HostCopy

Act = Callable[[np.ndarray], np.ndarray]
"""Returns exploring actions in [-1, 1] (num_envs, action_size) for observations (num_envs, observation_size)."""


class NumpyActing(ClosedForm, OffPolicyAlgorithm):
    """Mix-in for off-policy algorithms. Without `_act`, and while actions are random, Stable-Baselines3 acts."""

    _act: Act | None = None
    _copy: HostCopy | None = None
    """Parameters that `_act` reads, where they are not the policy's own."""

    def _setup_model(self) -> None:
        super()._setup_model()
        policy: Any = self.policy
        policy.set_training_mode = partial(_set_training_mode, policy)

    def collect_rollouts(self, *arguments: Any, **keywords: Any) -> RolloutReturn:
        """Fill the replay buffer with a rollout."""
        if self._copy is not None:
            self._copy.refresh()
        return super().collect_rollouts(*arguments, **keywords)

    def _sample_action(
        self, learning_starts: int, action_noise: ActionNoise | None = None, n_envs: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return actions for the environment and, scaled to [-1, 1], for the replay buffer."""
        is_random = self.num_timesteps < learning_starts and not (self.use_sde and self.use_sde_at_warmup)
        if self._act is None or is_random:
            return super()._sample_action(learning_starts, action_noise, n_envs)
        assert self._last_obs is not None
        with np.errstate(all="ignore"):  # what is not finite shows in the environment, which names it
            scaled = self._act(flatten(self._last_obs))
        if action_noise is not None:
            scaled = np.clip(scaled + action_noise(), -1.0, 1.0)
        return self.policy.unscale_action(scaled), scaled

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_act", "_copy"]


def _set_training_mode(policy: BasePolicy, mode: bool) -> None:
    """Walk through the modules only where the mode changes: Stable-Baselines3 asks for it at every rollout."""
    if policy.training is not mode:
        type(policy).set_training_mode(policy, mode)
