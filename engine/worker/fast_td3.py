"""Stable-Baselines3's TD3 with an update in closed form: same minibatches, random numbers, losses and optimisers.

The stages of a gradient step are those of fast_sac.py, and so are the promises: parameters differ from stock TD3's by
rounding only, which a test checks; on a GPU the gradient step is that of device_td3.py, and what neither covers is
updated by stock TD3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from stable_baselines3 import TD3
from stable_baselines3.td3.policies import MultiInputPolicy, TD3Policy

from engine.worker import device_td3
from engine.worker.compiled_td3 import compile_td3
from engine.worker.crew import Crew
from engine.worker.device_off_policy import GradientSteps
from engine.worker.device_td3 import DeviceTd3
from engine.worker.flat_adam import FlatAdam
from engine.worker.flat_critics import Critics, ReplayBatch, lowest, lowest_by_actions
from engine.worker.flat_networks import (
    activation_name,
    has_plain_features,
    is_plain_adam,
    linears,
    make_perceptron,
    make_reader,
)
from engine.worker.flat_vector import FlatVector
from engine.worker.host_copy import HostCopy
from engine.worker.looking_ahead import LookingAhead, Minibatch
from engine.worker.perceptron import Perceptron


class FastTD3(LookingAhead, TD3):
    """TD3 whose update needs no autograd where actor and critics are perceptrons on the CPU."""

    def _make_networks(self) -> Td3Networks | None:
        networks = Td3Networks.of(self)
        self._act = networks.act if networks else None
        return networks

    def _why_not_on_device(self) -> str:
        return device_td3.why_not(self)

    def _make_on_device(self) -> GradientSteps:
        if activation := activation_name(self.policy.activation_fn):
            self._copy = HostCopy(self.actor.parameters())
            layers, arrays = linears(self.actor.mu), self._copy.arrays()
            network = make_reader(layers, arrays, activation, batch_size=self.n_envs)
            self._act = lambda observations: np.tanh(network.forward(observations))
        return GradientSteps(self, DeviceTd3(self))

    def _update_on_device(self, networks: GradientSteps, gradient_steps: int, batch_size: int) -> None:  # type: ignore[override]
        self._update_learning_rate([self.actor.optimizer, self.critic.optimizer])
        first = self._n_updates + 1
        are_followed = [update % self.policy_delay == 0 for update in range(first, first + gradient_steps)]
        losses = networks.take(are_followed, batch_size=batch_size)
        self._n_updates += gradient_steps
        pairs = zip(losses.tolist(), are_followed, strict=True)
        self._record([Losses(critic, actor if is_followed else None) for (critic, actor), is_followed in pairs])

    def _update(self, networks: Td3Networks, gradient_steps: int, batch_size: int) -> None:  # type: ignore[override]
        self._update_learning_rate([self.actor.optimizer, self.critic.optimizer])
        networks.adopt()
        seen: list[Losses] = []
        for _ in range(gradient_steps):
            self._n_updates += 1
            must_follow = self._n_updates % self.policy_delay == 0
            seen.append(networks.step(self._draw(batch_size), tau=self.tau if must_follow else None))
        self._record(seen)

    def _begins_step(self) -> Callable[[Minibatch], None] | None:
        return self._networks.begins_step() if isinstance(self._networks, Td3Networks) else None

    def _draw_random(self, num_rows: int) -> np.ndarray:
        """Return what stock TD3 adds to the next actions (num_rows, action_size)."""
        shape = (num_rows, math.prod(self.action_space.shape or ()))
        noise = torch.empty(shape).normal_(0.0, self.target_policy_noise).numpy()
        return np.clip(noise, -self.target_noise_clip, self.target_noise_clip)

    def _record(self, seen: list[Losses]) -> None:
        """Log what stock TD3 logs."""
        record = self.logger.record
        record("train/n_updates", self._n_updates, exclude="tensorboard")
        if actor := [each.actor for each in seen if each.actor is not None]:
            record("train/actor_loss", np.mean(actor))
        record("train/critic_loss", np.mean([each.critic for each in seen]))


@dataclass(frozen=True)
class Losses:
    """What a gradient step says about itself."""

    critic: float
    actor: float | None
    """None where only the critics learned."""


class Td3Networks:
    """Actor, critics and their targets over flat vectors."""

    def __init__(self, model: TD3, activation: str) -> None:
        actor = model.actor
        assert isinstance(actor.optimizer, torch.optim.Adam)
        self._critics = Critics(model.critic, model.critic_target, activation, batch_size=model.batch_size)
        self._adam = FlatAdam(actor.optimizer, actor.parameters(), num_parts=2)
        self._target = FlatVector(model.actor_target.parameters())
        self._crew = Crew.for_networks(self._adam.size + self._critics.size, num_tasks=max(2, len(self._critics)))
        self._halves, half = [], (model.batch_size + 1) // 2
        target_layers = linears(model.actor_target.mu)
        for part in range(2):
            arrays = self._adam.arrays(part=part)
            network = make_perceptron(linears(actor.mu), arrays, activation, batch_size=half)
            target = make_reader(target_layers, self._target.arrays(), activation, batch_size=half)
            self._halves.append(_Half(network, target, self._critics, batch_size=half))
        self._compiled = compile_td3(model, self._critics, self._adam, self._target)

    @classmethod
    def of(cls, model: TD3) -> Td3Networks | None:
        """Return the networks of a model that the closed form covers, else None."""
        activation = activation_name(model.policy.activation_fn)
        networks = (model.actor, model.actor_target, model.critic, model.critic_target)
        is_covered = (
            type(model.policy) in (TD3Policy, MultiInputPolicy)
            and all(has_plain_features(network) for network in networks)
            and is_plain_adam(model.actor.optimizer)
            and is_plain_adam(model.critic.optimizer)
        )
        return cls(model, activation) if is_covered and activation else None

    def adopt(self) -> None:
        """Take over what a checkpoint has put in the place of parameters and moments."""
        self._critics.adopt()
        self._adam.adopt()
        self._target.adopt()

    def act(self, observations: np.ndarray) -> np.ndarray:
        """Return actions in [-1, 1] (num_envs, action_size) for observations (num_envs, observation_size)."""
        return self._halves[0].act(observations)

    def begins_step(self) -> Callable[[Minibatch], None] | None:
        """Return what lets another thread begin a step; None where there is none."""
        return self._begin if self._compiled is not None and self._crew.num_threads > 1 else None

    def step(self, minibatch: Minibatch, *, tau: float | None) -> Losses:
        """Take a gradient step; the actor learns and all targets follow where `tau` is given."""
        if self._compiled is not None and self._compiled.fits(minibatch):
            return Losses(*self._compiled.step(self._crew, minibatch, tau=tau))
        batch, noise = minibatch.gathered(), minibatch.random
        halves = list(zip(self._halves, batch.halves(), strict=False))  # of a single row there is one
        self._crew.run([partial(half.look_ahead, batch, rows, noise) for half, rows in halves])
        critic = sum(self._crew.run(self._critics.lessons(batch, scale=1.0, tau=tau)))
        if tau is None:
            return Losses(critic=critic, actor=None)
        actor = sum(self._crew.run([partial(half.differentiate, batch, rows) for half, rows in halves]))
        self._adam.step()
        self._target.follow(self._adam.vector, tau=tau)
        return Losses(critic=critic, actor=actor)

    def _begin(self, minibatch: Minibatch) -> None:
        assert self._compiled is not None
        self.adopt()
        self._compiled.begin(self._crew, minibatch)


class _Half:
    """What one thread needs for its half of a minibatch."""

    def __init__(self, actor: Perceptron, target: Perceptron, critics: Critics, *, batch_size: int) -> None:
        self._actor, self._target = actor, target
        self._first_critic = critics.readers(batch_size=batch_size)[:1]
        self._critic_targets = critics.target_readers(batch_size=batch_size)

    def act(self, observations: np.ndarray) -> np.ndarray:
        """Return actions for a few observations."""
        return np.tanh(self._actor.forward(observations))

    def look_ahead(self, batch: ReplayBatch, rows: slice, noise: np.ndarray) -> None:
        """Say what critics are to say."""
        observations = batch.next_observations[rows]
        actions = np.clip(np.tanh(self._target.forward(observations)) + noise[rows], -1.0, 1.0)
        values, _ = lowest(self._critic_targets, observations, actions)
        batch.targets[rows] = batch.rewards[rows] + batch.discounts[rows] * values

    def differentiate(self, batch: ReplayBatch, rows: slice) -> float:
        """Write this half's part of the actor's gradient; return its part of the loss."""
        observations, num_rows = batch.observations[rows], len(batch.rewards)
        actions = self.act(observations)
        values, which = lowest(self._first_critic, observations, actions)
        by_actions = lowest_by_actions(self._first_critic, which, observations.shape[1]) * np.float32(-1.0 / num_rows)
        self._actor.backward(by_actions * (1.0 - np.square(actions)))
        return -float(np.sum(values)) / num_rows
