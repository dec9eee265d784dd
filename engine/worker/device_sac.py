"""SAC's gradient step on a GPU, as SAC.train of stable_baselines3 takes it; what it saves is waiting and launching."""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3 import SAC
from stable_baselines3.common.distributions import StateDependentNoiseDistribution
from stable_baselines3.sac.policies import MultiInputPolicy, SACPolicy
from torch.nn import functional

from engine.worker.device_off_policy import expected, follow, lowest
from engine.worker.device_optimizer import DeviceOptimizer, why_not_on_device


def why_not(model: SAC) -> str:
    """Return why DeviceSac does not cover a model; empty where it does."""
    if type(model.policy) not in (SACPolicy, MultiInputPolicy):
        return f"the policy is a {type(model.policy).__name__}"
    dist = model.actor.action_dist
    if isinstance(dist, StateDependentNoiseDistribution) and not dist.full_std:
        return "the distribution of actions is unusual"
    return why_not_on_device((model.actor, model.critic, model.critic_target), _optimizers(model))


class DeviceSac:
    """Actor, critics and entropy coefficient of a model."""

    num_losses = 4

    def __init__(self, model: SAC) -> None:
        self._model = model
        self._all = [DeviceOptimizer(optimizer) for optimizer in _optimizers(model)]
        self._actor, self._critic = self._all[:2]
        self._ent_coef = self._all[2] if len(self._all) > 2 else None
        self._networks, self._targets = list(model.critic.parameters()), list(model.critic_target.parameters())

    def begin(self) -> None:
        """Prepare for some steps."""
        for optimizer in self._all:
            optimizer.begin()

    def places(self) -> list[int]:
        """Return what changes when parameters, targets or the optimisers' state move."""
        moves = [optimizer.num_moves for optimizer in self._all]
        return moves + [target.data_ptr() for target in self._targets]

    def step(self, samples: Any, *, must_follow: bool) -> torch.Tensor:
        """Take a gradient step; return the losses of actor and critics, the entropy coefficient and its loss."""
        model, observations = self._model, samples.observations
        if model.use_sde:
            model.actor.reset_noise()
        actions, log_prob = model.actor.action_log_prob(observations)
        log_prob = log_prob.reshape(-1, 1)
        ent_coef, ent_coef_loss = self._learn_ent_coef(log_prob.detach())
        with torch.no_grad():
            next_actions, next_log_prob = model.actor.action_log_prob(samples.next_observations)
            following = lowest(model.critic_target(samples.next_observations, next_actions))
            target = expected(samples, following - ent_coef * next_log_prob.reshape(-1, 1), gamma=model.gamma)
        said = model.critic(observations, samples.actions)
        critic_loss = 0.5 * torch.stack([functional.mse_loss(value, target) for value in said]).sum()
        self._critic.descend(critic_loss)
        actor_loss = (ent_coef * log_prob - lowest(model.critic(observations, actions))).mean()
        self._actor.descend(actor_loss)
        if must_follow:
            follow(self._targets, self._networks, tau=model.tau)
        return torch.stack((actor_loss, critic_loss, ent_coef.reshape(()), ent_coef_loss.reshape(()))).detach()

    def _learn_ent_coef(self, log_prob: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the entropy coefficient that this step uses and its loss; a learned one has then taken its step."""
        model = self._model
        if self._ent_coef is None or model.log_ent_coef is None:
            return model.ent_coef_tensor, torch.zeros_like(model.ent_coef_tensor)
        ent_coef = torch.exp(model.log_ent_coef.detach())
        assert isinstance(model.target_entropy, float)
        loss = -(model.log_ent_coef * (log_prob + model.target_entropy)).mean()
        self._ent_coef.descend(loss)
        return ent_coef, loss


def _optimizers(model: SAC) -> list[torch.optim.Optimizer]:
    own = [model.actor.optimizer, model.critic.optimizer]
    return own if model.ent_coef_optimizer is None else [*own, model.ent_coef_optimizer]
