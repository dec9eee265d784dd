"""Stable-Baselines3's SAC with an update in closed form: same minibatches, random numbers, losses and optimisers.

A gradient step has three stages, and threads share each: halves of the minibatch for the actor, before and after one
critic each. How many threads there are changes no number. Parameters differ from stock SAC's by rounding only; a test
compares them. Where there is a C compiler, the step is taken in C (compiled_sac.py). On a GPU autograd computes them,
without waiting for it (device_sac.py). What neither covers is updated by stock SAC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from stable_baselines3 import SAC
from stable_baselines3.common.distributions import SquashedDiagGaussianDistribution, StateDependentNoiseDistribution
from stable_baselines3.sac.policies import Actor, MultiInputPolicy, SACPolicy
from torch import nn

from engine.worker import device_sac
from engine.worker.compiled_sac import compile_sac
from engine.worker.crew import Crew
from engine.worker.device_off_policy import GradientSteps
from engine.worker.device_sac import DeviceSac
from engine.worker.ent_coef import make_ent_coef
from engine.worker.flat_adam import FlatAdam
from engine.worker.flat_critics import Critics, ReplayBatch, lowest, lowest_by_actions
from engine.worker.flat_networks import activation_name, has_plain_features, is_plain_adam, make_perceptron
from engine.worker.host_copy import HostCopy
from engine.worker.looking_ahead import LookingAhead, Minibatch
from engine.worker.sac_actor import (
    IndependentActor,
    Random,
    SacActor,
    StateDependentActor,
    mean_layers,
    standard_normal,
)
from engine.worker.squashed_gaussian import Draw

Arrays = Mapping[torch.Tensor, tuple[np.ndarray, np.ndarray]]
"""Value and gradient of each parameter."""


class FastSAC(LookingAhead, SAC):
    """SAC whose update needs no autograd where actor and critics are perceptrons on the CPU."""

    def _make_networks(self) -> SacNetworks | None:
        networks = SacNetworks.of(self)
        self._act = networks.act if networks else None
        return networks

    def _why_not_on_device(self) -> str:
        return device_sac.why_not(self)

    def _make_on_device(self) -> GradientSteps:
        if activation := activation_name(self.policy.activation_fn):
            self._copy = HostCopy(self.actor.parameters())
            arrays = {parameter: (array, np.zeros_like(array)) for parameter, array in self._copy.arrays().items()}
            self._act = _make_actor(self.actor, arrays, activation, batch_size=self.n_envs).explore
        return GradientSteps(self, DeviceSac(self))

    def _update_on_device(self, networks: GradientSteps, gradient_steps: int, batch_size: int) -> None:  # type: ignore[override]
        self._begin_update()
        are_followed = [step % self.target_update_interval == 0 for step in range(gradient_steps)]
        losses = networks.take(are_followed, batch_size=batch_size)
        self._n_updates += gradient_steps
        self._record([Losses(*row) for row in losses.tolist()])

    def _update(self, networks: SacNetworks, gradient_steps: int, batch_size: int) -> None:  # type: ignore[override]
        self._begin_update()
        networks.adopt()
        seen: list[Losses] = []
        for gradient_step in range(gradient_steps):
            must_follow = gradient_step % self.target_update_interval == 0
            seen.append(networks.step(self._draw(batch_size), tau=self.tau if must_follow else None))
        self._n_updates += gradient_steps
        self._record(seen)

    def _begins_step(self) -> Callable[[Minibatch], None] | None:
        return self._networks.begins_step() if isinstance(self._networks, SacNetworks) else None

    def _draw_random(self, num_rows: int) -> Random:
        return self._networks.draw_random(num_rows)

    def _begin_update(self) -> None:
        optimizers = (self.actor.optimizer, self.critic.optimizer, self.ent_coef_optimizer)
        self._update_learning_rate([optimizer for optimizer in optimizers if optimizer is not None])

    def _record(self, seen: list[Losses]) -> None:
        """Log what stock SAC logs."""
        record = self.logger.record
        record("train/n_updates", self._n_updates, exclude="tensorboard")
        record("train/ent_coef", np.mean([each.ent_coef for each in seen]))
        record("train/actor_loss", np.mean([each.actor for each in seen]))
        record("train/critic_loss", np.mean([each.critic for each in seen]))
        if self.log_ent_coef is not None:
            record("train/ent_coef_loss", np.mean([each.ent_coef_loss for each in seen]))


@dataclass(frozen=True)
class Losses:
    """What a gradient step says about itself."""

    actor: float
    critic: float
    ent_coef: float
    ent_coef_loss: float
    """0 where the coefficient is fixed."""


class SacNetworks:
    """Actor, critics and entropy coefficient of a model over the vectors of their optimisers."""

    def __init__(self, model: SAC, activation: str) -> None:
        actor = model.actor
        assert isinstance(actor.optimizer, torch.optim.Adam)
        self._critics = Critics(model.critic, model.critic_target, activation, batch_size=model.batch_size)
        self._adam = FlatAdam(actor.optimizer, actor.parameters(), num_parts=2)
        half = (model.batch_size + 1) // 2
        arrays = [self._adam.arrays(part=part) for part in range(2)]
        actors = [_make_actor(actor, each, activation, batch_size=half) for each in arrays]
        self._halves = [_Half(each, self._critics, batch_size=half) for each in actors]
        self._crew = Crew.for_networks(self._adam.size + self._critics.size, num_tasks=max(2, len(self._critics)))
        self._ent_coef = make_ent_coef(model)
        self._sde_shape = actor.log_std.shape if isinstance(actor.log_std, torch.Tensor) else None
        self._action_size = actor.action_dist.action_dim
        self._compiled = compile_sac(actor, self._critics, self._adam)

    @classmethod
    def of(cls, model: SAC) -> SacNetworks | None:
        """Return the networks of a model that the closed form covers, else None."""
        actor, activation = model.actor, activation_name(model.policy.activation_fn)
        dist = actor.action_dist
        optimizers = (actor.optimizer, model.critic.optimizer, model.ent_coef_optimizer)
        is_covered = (
            type(model.policy) in (SACPolicy, MultiInputPolicy)
            and all(has_plain_features(network) for network in (actor, model.critic, model.critic_target))
            and all(optimizer is None or is_plain_adam(optimizer) for optimizer in optimizers)
            and (
                isinstance(dist, SquashedDiagGaussianDistribution)
                or (isinstance(dist, StateDependentNoiseDistribution) and not dist.use_expln and dist.full_std)
            )
        )
        return cls(model, activation) if is_covered and activation else None

    def adopt(self) -> None:
        """Take over what a checkpoint has put in the place of parameters and moments."""
        self._critics.adopt()
        self._adam.adopt()
        self._ent_coef.adopt()

    def act(self, observations: np.ndarray) -> np.ndarray:
        """Return exploring actions in [-1, 1] (num_envs, action_size) for observations (num_envs, observation_size)."""
        return self._halves[0].actor.explore(observations)

    def begins_step(self) -> Callable[[Minibatch], None] | None:
        """Return what lets another thread begin a step; None where there is none."""
        return self._begin if self._compiled is not None and self._crew.num_threads > 1 else None

    def step(self, minibatch: Minibatch, *, tau: float | None) -> Losses:
        """Take a gradient step; targets follow where `tau` is given."""
        ent_coef = self._ent_coef.value
        if self._compiled is not None and self._compiled.fits(minibatch):
            actor, critic, log_prob = self._compiled.step(self._crew, minibatch, ent_coef=ent_coef, tau=tau)
            return Losses(actor, critic, ent_coef, self._ent_coef.learn(log_prob))
        batch, random = minibatch.gathered(), minibatch.random
        halves = list(zip(self._halves, batch.halves(), strict=False))  # of a single row there is one
        self._crew.run([partial(half.look_ahead, batch, part, random, ent_coef) for half, part in halves])
        ent_coef_loss = self._ent_coef.learn(np.concatenate([half.draw.log_prob for half, _ in halves]))
        critic = sum(self._crew.run(self._critics.lessons(batch, scale=0.5, tau=tau)))
        actor = sum(self._crew.run([partial(half.differentiate, batch, part, ent_coef) for half, part in halves]))
        self._adam.step()
        return Losses(actor=actor, critic=critic, ent_coef=ent_coef, ent_coef_loss=ent_coef_loss)

    def _begin(self, minibatch: Minibatch) -> None:
        assert self._compiled is not None
        self.adopt()
        self._compiled.begin(self._crew, minibatch, ent_coef=self._ent_coef.value)

    def draw_random(self, num_rows: int) -> Random:
        """Return the random numbers that stock SAC would draw now, for observations and for the next ones."""
        if self._sde_shape is None:
            now = standard_normal(num_rows, self._action_size)
            return Random(now, standard_normal(num_rows, self._action_size))
        matrix = standard_normal(*self._sde_shape)
        standard_normal(*self._sde_shape)  # SB3 draws another matrix, for acting
        return Random(matrix, matrix, is_shared=True)


class _Half:
    """What one thread needs for its half of a minibatch."""

    def __init__(self, actor: SacActor, critics: Critics, *, batch_size: int) -> None:
        self.actor = actor
        self._critics = critics.readers(batch_size=batch_size)
        self._targets = critics.target_readers(batch_size=batch_size)
        self.draw: Draw

    def look_ahead(self, batch: ReplayBatch, rows: slice, random: Random, ent_coef: float) -> None:
        """Say what critics are to say; then draw actions for the observations."""
        now, after = random.of(rows)
        observations = batch.next_observations[rows]
        draw = self.actor.act(observations, after)
        values, _ = lowest(self._targets, observations, draw.actions)
        values -= np.float32(ent_coef) * draw.log_prob
        batch.targets[rows] = batch.rewards[rows] + batch.discounts[rows] * values
        self.draw = self.actor.act(batch.observations[rows], now)

    def differentiate(self, batch: ReplayBatch, rows: slice, ent_coef: float) -> float:
        """Write this half's part of the actor's gradient; return its part of the loss."""
        observations, num_rows = batch.observations[rows], len(batch.rewards)
        values, which = lowest(self._critics, observations, self.draw.actions)
        by_actions = lowest_by_actions(self._critics, which, observations.shape[1]) * np.float32(-1.0 / num_rows)
        self.actor.backward(self.draw, by_actions, np.float32(ent_coef / num_rows))
        return float(np.sum(np.float32(ent_coef) * self.draw.log_prob - values)) / num_rows


def _make_actor(actor: Actor, arrays: Arrays, activation: str, *, batch_size: int) -> SacActor:
    """Return an actor for up to `batch_size` rows over arrays of value and gradient."""
    network = make_perceptron(mean_layers(actor), arrays, activation, batch_size=batch_size)
    if isinstance(actor.log_std, nn.Linear):
        return IndependentActor(network, [arrays[actor.log_std.weight], arrays[actor.log_std.bias]])
    assert isinstance(actor.log_std, torch.Tensor)
    return StateDependentActor(network, arrays[actor.log_std], actor)
