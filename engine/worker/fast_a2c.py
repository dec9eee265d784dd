"""Stable-Baselines3's A2C with an update in closed form: same rollout, loss and optimiser, computed sooner.

Parameters differ from those of stock A2C by rounding only; a test compares them. What the closed form does not cover is
updated by stock A2C.
"""

from __future__ import annotations

import torch
from stable_baselines3 import A2C
from stable_baselines3.common.utils import explained_variance

from engine.worker import ppo_loss
from engine.worker.actor_critic import ActorCritic
from engine.worker.closed_form import ClosedForm
from engine.worker.minibatches import shuffled
from engine.worker.ppo_loss import Coefficients, PolicyLoss
from engine.worker.rollouts import SampledRollouts


class FastA2C(ClosedForm, SampledRollouts, A2C):
    """A2C whose update needs no autograd where the policy is a Gaussian perceptron on the CPU."""

    def _make_networks(self) -> ActorCritic | None:
        return ActorCritic.of(self.policy, ppo_loss.plain_policy_loss, batch_size=self.n_steps * self.n_envs)

    def _update(self, networks: ActorCritic) -> None:  # type: ignore[override]
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        networks.begin()
        given = Coefficients(ent_coef=self.ent_coef, vf_coef=self.vf_coef, normalize_advantage=self.normalize_advantage)
        loss, value = networks.differentiate(shuffled(self.rollout_buffer), given)
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
