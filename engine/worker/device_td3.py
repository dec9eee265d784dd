"""TD3's gradient step on a GPU, as TD3.train of stable_baselines3 takes it; what it saves is waiting and launching."""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3 import TD3
from stable_baselines3.td3.policies import MultiInputPolicy, TD3Policy
from torch.nn import functional

from engine.worker.device_off_policy import expected, follow, lowest
from engine.worker.device_optimizer import DeviceOptimizer, why_not_on_device


def why_not(model: TD3) -> str:
    """Return why DeviceTd3 does not cover a model; empty where it does."""
    if type(model.policy) not in (TD3Policy, MultiInputPolicy):
        return f"the policy is a {type(model.policy).__name__}"
    networks = (model.actor, model.actor_target, model.critic, model.critic_target)
    return why_not_on_device(networks, (model.actor.optimizer, model.critic.optimizer))


class DeviceTd3:
    """Actor, critics and their targets of a model."""

    num_losses = 2

    def __init__(self, model: TD3) -> None:
        self._model = model
        self._actor, self._critic = DeviceOptimizer(model.actor.optimizer), DeviceOptimizer(model.critic.optimizer)
        self._networks = [*model.critic.parameters(), *model.actor.parameters()]
        self._targets = [*model.critic_target.parameters(), *model.actor_target.parameters()]

    def begin(self) -> None:
        """Prepare for some steps."""
        self._actor.begin()
        self._critic.begin()

    def places(self) -> list[int]:
        """Return what changes when parameters, targets or the optimisers' state move."""
        return [self._actor.num_moves, self._critic.num_moves, *(target.data_ptr() for target in self._targets)]

    def step(self, samples: Any, *, must_follow: bool) -> torch.Tensor:
        """Take a gradient step of the critics, and where targets follow of the actor; return the losses of both.

        The actor's is NaN where it did not learn.
        """
        model, observations = self._model, samples.observations
        with torch.no_grad():
            noise = torch.empty_like(samples.actions).normal_(0.0, model.target_policy_noise)
            noise = noise.clamp(-model.target_noise_clip, model.target_noise_clip)
            next_actions = (model.actor_target(samples.next_observations) + noise).clamp(-1.0, 1.0)
            following = lowest(model.critic_target(samples.next_observations, next_actions))
            target = expected(samples, following, gamma=model.gamma)
        said = model.critic(observations, samples.actions)
        critic_loss = torch.stack([functional.mse_loss(value, target) for value in said]).sum()
        self._critic.descend(critic_loss)
        actor_loss = torch.full_like(critic_loss, torch.nan)
        if must_follow:
            actor_loss = -model.critic.q1_forward(observations, model.actor(observations)).mean()
            self._actor.descend(actor_loss)
            follow(self._targets, self._networks, tau=model.tau)
        return torch.stack((critic_loss, actor_loss)).detach()
