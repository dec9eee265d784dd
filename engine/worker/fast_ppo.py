"""Stable-Baselines3's PPO with an update in closed form: same minibatches, losses and optimiser, computed sooner.

What it saves is torch's bookkeeping. Parameters differ by rounding only; a test compares them with stock
PPO's. Policies and devices that the closed form does not cover are updated by stock PPO.
"""

from __future__ import annotations

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.utils import explained_variance

from engine.worker import ppo_loss
from engine.worker.actor_critic import ActorCritic
from engine.worker.closed_form import ClosedForm
from engine.worker.minibatches import shuffled
from engine.worker.ppo_loss import Coefficients, PolicyLoss
from engine.worker.rollouts import SampledRollouts


class FastPPO(ClosedForm, SampledRollouts, PPO):
    """PPO whose update needs no autograd where the policy is a Gaussian perceptron on the CPU."""

    def _make_networks(self) -> ActorCritic | None:
        return ActorCritic.of(self.policy, ppo_loss.policy_loss, batch_size=self.batch_size)

    def _update(self, networks: ActorCritic) -> None:  # type: ignore[override]
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        given = self._coefficients()
        networks.begin()
        seen: list[PolicyLoss] = []
        values: list[float] = []
        is_far = False
        num_before = 0
        for _ in range(self.n_epochs):
            num_before = len(seen)
            for batch in shuffled(self.rollout_buffer, batch_size=self.batch_size):
                policy, value = networks.differentiate(batch, given)
                seen.append(policy)
                values.append(value)
                is_far = self.target_kl is not None and policy.approx_kl > 1.5 * self.target_kl
                if is_far:
                    break
                networks.step(max_grad_norm=self.max_grad_norm)
            self._n_updates += 1
            if is_far:
                break
        self._record(seen, values, given, last_epoch=slice(num_before, None))

    def _coefficients(self) -> Coefficients:
        progress, clip_range_vf = self._current_progress_remaining, self.clip_range_vf
        return Coefficients(
            clip_range=float(self.clip_range(progress)),  # type: ignore[operator]
            clip_range_vf=None if clip_range_vf is None else float(clip_range_vf(progress)),  # type: ignore[operator]
            ent_coef=self.ent_coef,
            vf_coef=self.vf_coef,
            normalize_advantage=self.normalize_advantage,
        )

    def _record(self, seen: list[PolicyLoss], values: list[float], given: Coefficients, *, last_epoch: slice) -> None:
        """Log what stock PPO logs."""
        buffer, record, last = self.rollout_buffer, self.logger.record, seen[-1]
        total = last.policy + given.ent_coef * last.entropy + given.vf_coef * values[-1]
        record("train/entropy_loss", np.mean([each.entropy for each in seen]))
        record("train/policy_gradient_loss", np.mean([each.policy for each in seen]))
        record("train/value_loss", np.mean(values))
        record("train/approx_kl", np.mean([each.approx_kl for each in seen[last_epoch]]))
        record("train/clip_fraction", np.mean([each.clip_fraction for each in seen]))
        record("train/loss", total)
        record("train/explained_variance", explained_variance(buffer.values.flatten(), buffer.returns.flatten()))
        record("train/std", float(torch.exp(self.policy.log_std.detach()).mean()))
        record("train/n_updates", self._n_updates, exclude="tensorboard")
        record("train/clip_range", given.clip_range)
        if given.clip_range_vf is not None:
            record("train/clip_range_vf", given.clip_range_vf)
