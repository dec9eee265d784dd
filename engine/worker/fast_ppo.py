"""Stable-Baselines3's PPO with an update in closed form: same minibatches, losses and optimiser, computed sooner.

What it saves is torch's bookkeeping. Parameters differ by rounding only; a test compares them with stock
PPO's. On a GPU autograd computes them, without waiting for it (device_actor_critic.py). What neither covers is updated
by stock PPO.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.utils import explained_variance

from engine.worker import ppo_loss
from engine.worker.actor_critic import ActorCritic
from engine.worker.closed_form import ClosedForm
from engine.worker.device_actor_critic import DeviceActorCritic, clipped_surrogate, why_not
from engine.worker.ppo_loss import Coefficients, Seen
from engine.worker.rollouts import SampledRollouts


class FastPPO(ClosedForm, SampledRollouts, PPO):
    """PPO whose update needs no autograd where the policy is a Gaussian perceptron on the CPU."""

    def _make_networks(self) -> ActorCritic | None:
        return ActorCritic.of(self.policy, ppo_loss.policy_loss, batch_size=self.batch_size)

    def _why_not_on_device(self) -> str:
        return why_not(self.policy)

    def _make_on_device(self) -> DeviceActorCritic:
        return DeviceActorCritic(self.policy, clipped_surrogate, batch_size=self.batch_size)

    def _update(self, networks: ActorCritic | DeviceActorCritic) -> None:  # type: ignore[override]
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        given = self._coefficients()
        networks.begin()
        passes: list[Seen] = []
        for _ in range(self.n_epochs):
            rows: Any = networks.shuffled(self.rollout_buffer)
            seen = networks.run_pass(rows, given, max_grad_norm=self.max_grad_norm, target_kl=self.target_kl)
            passes.append(seen)
            self._n_updates += 1
            if seen.is_cut:
                break
        self._record(passes, given)

    def _coefficients(self) -> Coefficients:
        progress, clip_range_vf = self._current_progress_remaining, self.clip_range_vf
        return Coefficients(
            clip_range=float(self.clip_range(progress)),  # type: ignore[operator]
            clip_range_vf=None if clip_range_vf is None else float(clip_range_vf(progress)),  # type: ignore[operator]
            ent_coef=self.ent_coef,
            vf_coef=self.vf_coef,
            normalize_advantage=self.normalize_advantage,
        )

    def _record(self, passes: list[Seen], given: Coefficients) -> None:
        """Log what stock PPO logs."""
        buffer, record, last = self.rollout_buffer, self.logger.record, passes[-1]

        def mean(name: str) -> float:
            return float(np.mean(np.concatenate([getattr(seen, name) for seen in passes])))

        record("train/entropy_loss", mean("entropy"))
        record("train/policy_gradient_loss", mean("policy"))
        record("train/value_loss", mean("value"))
        record("train/approx_kl", float(np.mean(last.approx_kl)))
        record("train/clip_fraction", mean("clip_fraction"))
        record(
            "train/loss", float(last.policy[-1] + given.ent_coef * last.entropy[-1] + given.vf_coef * last.value[-1])
        )
        record("train/explained_variance", explained_variance(buffer.values.flatten(), buffer.returns.flatten()))
        if hasattr(self.policy, "log_std"):  # choices have none
            record("train/std", float(torch.exp(self.policy.log_std.detach()).mean()))
        record("train/n_updates", self._n_updates, exclude="tensorboard")
        record("train/clip_range", given.clip_range)
        if given.clip_range_vf is not None:
            record("train/clip_range_vf", given.clip_range_vf)
