"""Stable-Baselines3's A2C with an update in closed form: same rollout, loss and optimiser, computed sooner.

Parameters differ from those of stock A2C by rounding only; a test compares them. What the closed form does not cover is
updated by stock A2C.
"""

from __future__ import annotations

import numpy as np
import torch
from stable_baselines3 import A2C
from stable_baselines3.common.utils import explained_variance

from engine.worker import ppo_loss
from engine.worker.actor_critic import ActorCritic
from engine.worker.minibatches import shuffled
from engine.worker.ppo_loss import Coefficients, PolicyLoss
from engine.worker.rollouts import SampledRollouts


class FastA2C(SampledRollouts, A2C):
    """A2C whose update needs no autograd where the policy is a Gaussian perceptron on the CPU."""

    _networks: ActorCritic | None = None

    def _setup_model(self) -> None:
        super()._setup_model()
        # Before anything acts, as in fast_ppo.py.
        self._networks = ActorCritic.of(self.policy, ppo_loss.plain_policy_loss, batch_size=self.n_steps * self.n_envs)

    def train(self) -> None:
        """Update the policy with one gradient step over the rollout buffer."""
        if self._networks is None:
            super().train()
            return
        with np.errstate(all="ignore"):  # what is not finite shows in the logged losses, which are checked
            self._update(self._networks)

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_networks"]

    def _update(self, networks: ActorCritic) -> None:
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        networks.begin()
        given = Coefficients(ent_coef=self.ent_coef, vf_coef=self.vf_coef, normalize_advantage=self.normalize_advantage)
        (batch,) = shuffled(self.rollout_buffer, batch_size=self.n_steps * self.n_envs)
        loss, value = networks.differentiate(batch, given)
        networks.step(max_grad_norm=self.max_grad_norm)
        self._n_updates += 1
        self._record(loss, value)

    def _record(self, loss: PolicyLoss, value: float) -> None:
        """Log what stock A2C logs."""
        buffer, record = self.rollout_buffer, self.logger.record
        record("train/n_updates", self._n_updates, exclude="tensorboard")
        record("train/explained_variance", explained_variance(buffer.values.flatten(), buffer.returns.flatten()))
        record("train/entropy_loss", loss.entropy)
        record("train/policy_loss", loss.policy)
        record("train/value_loss", value)
        record("train/std", float(torch.exp(self.policy.log_std.detach()).mean()))
