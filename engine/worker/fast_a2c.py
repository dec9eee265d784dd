"""Stable-Baselines3's A2C with an update in closed form: same rollout, loss and optimiser, computed sooner.

Parameters differ from those of stock A2C by rounding only; a test compares them. On a GPU autograd computes them,
without waiting for it (device_actor_critic.py). What neither covers is updated by stock A2C.
"""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3 import A2C
from stable_baselines3.common.utils import explained_variance

from engine.worker import ppo_loss
from engine.worker.actor_critic import ActorCritic
from engine.worker.closed_form import ClosedForm
from engine.worker.device_actor_critic import DeviceActorCritic, plain_surrogate, why_not
from engine.worker.ppo_loss import Coefficients, Seen
from engine.worker.rollouts import SampledRollouts


class FastA2C(ClosedForm, SampledRollouts, A2C):
    """A2C whose update needs no autograd where the policy is a Gaussian perceptron on the CPU."""

    def _make_networks(self) -> ActorCritic | None:
        return ActorCritic.of(self.policy, ppo_loss.plain_policy_loss, batch_size=self.n_steps * self.n_envs)

    def _why_not_on_device(self) -> str:
        return why_not(self.policy)

    def _make_on_device(self) -> DeviceActorCritic:
        return DeviceActorCritic(self.policy, plain_surrogate, batch_size=self.n_steps * self.n_envs)

    def _update(self, networks: ActorCritic | DeviceActorCritic) -> None:  # type: ignore[override]
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        networks.begin()
        given = Coefficients(ent_coef=self.ent_coef, vf_coef=self.vf_coef, normalize_advantage=self.normalize_advantage)
        rows: Any = networks.shuffled(self.rollout_buffer)
        seen = networks.run_pass(rows, given, max_grad_norm=self.max_grad_norm, target_kl=None)
        self._n_updates += 1
        self._record(seen)

    def _record(self, seen: Seen) -> None:
        """Log what stock A2C logs."""
        buffer, record = self.rollout_buffer, self.logger.record
        record("train/n_updates", self._n_updates, exclude="tensorboard")
        record("train/explained_variance", explained_variance(buffer.values.flatten(), buffer.returns.flatten()))
        record("train/entropy_loss", float(seen.entropy[0]))
        record("train/policy_loss", float(seen.policy[0]))
        record("train/value_loss", float(seen.value[0]))
        if hasattr(self.policy, "log_std"):  # choices have none
            record("train/std", float(torch.exp(self.policy.log_std.detach()).mean()))
