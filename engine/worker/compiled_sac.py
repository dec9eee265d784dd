"""SAC's gradient step in sac.c: what SacNetworks of fast_sac.py does in NumPy, without the interpreter.

The entropy coefficient learns beside it: nothing in a step reads what it becomes.
"""

from __future__ import annotations

import ctypes

import numpy as np
import torch
from stable_baselines3.sac.policies import Actor
from torch import nn

from engine.kernels.library import Kernels, address, load_kernels
from engine.kernels.network import NetworkStruct
from engine.kernels.structs import numbers, pointers, reals
from engine.worker.compiled_networks import learning_network
from engine.worker.compiled_off_policy import OffPolicyStep, have_hidden_layers
from engine.worker.crew import Crew
from engine.worker.flat_adam import FlatAdam
from engine.worker.flat_critics import Critics
from engine.worker.looking_ahead import Minibatch
from engine.worker.sac_actor import mean_layers


class _StateDependent(ctypes.Structure):
    _fields_ = (
        *pointers("log_std", "log_std_gradient", "exploration", "std_squared", "by_std"),
        *pointers("squared_features", "by_squared_features"),
        *reals("clip_mean"),
    )


class _Independent(ctypes.Structure):
    _fields_ = pointers("weight", "bias", "weight_gradient", "bias_gradient", "log_std", "by_log_std")


class _Draw(ctypes.Structure):
    _fields_ = (
        *pointers("means", "noise", "variance"),
        *pointers("actions", "log_prob", "errors", "squash_slopes", "are_free"),
        *pointers("by_means", "by_noise", "by_variance"),
    )


class _SacActor(ctypes.Structure):
    _fields_ = (("network", NetworkStruct), ("sde", _StateDependent), ("own", _Independent), ("draw", _Draw))


class _Sac(ctypes.Structure):
    """`struct sac` of sac.c."""

    _fields_ = (
        *pointers("step"),
        ("actors", _SacActor * 2),
        *numbers("is_state_dependent"),
        *pointers("now", "after", "log_prob"),
        *reals("ent_coef"),
    )


def compile_sac(actor: Actor, critics: Critics, adam: FlatAdam) -> CompiledSac | None:
    """Return the step for an actor over the vectors of `adam`, and its critics; None: NumPy takes it."""
    kernels = load_kernels()
    if kernels is None or not have_hidden_layers(critics, mean_layers(actor)):
        return None
    return CompiledSac(kernels, actor, critics, adam)


class CompiledSac:
    """Actor, critics and their targets for sac.c, on two threads where there are as many."""

    def __init__(self, kernels: Kernels, actor: Actor, critics: Critics, adam: FlatAdam) -> None:
        self._kernels, self._actor, self._critics, self._adam = kernels, actor, critics, adam
        self._layers = mean_layers(actor)
        self._action_size = self._layers[-1].out_features
        self._step = OffPolicyStep(kernels, critics, action_size=self._action_size, num_judges=len(critics))
        self._step.struct.loss_scale = 0.5
        self._step.place_actor(adam, None)
        self._whole = _Sac(
            step=ctypes.addressof(self._step.struct),
            actors=(_SacActor * 2)(*(self._side(part) for part in range(2))),
            is_state_dependent=isinstance(actor.log_std, torch.Tensor),
        )

    def fits(self, minibatch: Minibatch) -> bool:
        """Whether there is room for all rows."""
        return self._step.fits(minibatch)

    def begin(self, crew: Crew, minibatch: Minibatch, *, ent_coef: float) -> None:
        """Begin the gradient step that learns from `minibatch`."""
        self._log_prob = np.empty(len(minibatch.rows), np.float32)
        whole, random = self._whole, minibatch.random
        whole.now, whole.after, whole.log_prob = map(address, (random.now, random.after, self._log_prob))
        whole.ent_coef = ent_coef
        self._step.begin(self._kernels.begin_sac_step, whole, crew, minibatch)

    def step(
        self, crew: Crew, minibatch: Minibatch, *, ent_coef: float, tau: float | None
    ) -> tuple[float, float, np.ndarray]:
        """Take a gradient step as SacNetworks.step, but for the entropy coefficient.

        Returns the losses of actor and critics, and the log-probabilities (num_rows,) of actions for the observations.
        """
        if not self._step.has_begun(minibatch):
            self.begin(crew, minibatch, ent_coef=ent_coef)
        there = self._step.struct
        there.actor.adam.set(self._adam.settings, num_steps=self._adam.num_steps)
        critic = self._step.run(self._kernels.run_sac_step, self._whole, tau=tau)
        self._adam.num_steps += 1
        return sum(there.actor_losses), critic, self._log_prob

    def _side(self, part: int) -> _SacActor:
        arrays, size = self._adam.arrays(part=part), self._step.half
        network = learning_network(self._kernels, self._layers, arrays, self._critics.activation, batch_size=size)
        side = _SacActor(network=self._step.array([network])[0], draw=self._draw(part))
        if isinstance(self._actor.log_std, nn.Linear):
            (weight, weight_gradient), (bias, bias_gradient) = (
                arrays[parameter] for parameter in (self._actor.log_std.weight, self._actor.log_std.bias)
            )
            side.own = _Independent(*map(self._step.keep, (weight, bias, weight_gradient, bias_gradient)))
            side.own.log_std, side.own.by_log_std = (self._step.room(size, self._action_size) for _ in range(2))
            return side
        assert isinstance(self._actor.log_std, torch.Tensor)
        log_std, gradient = arrays[self._actor.log_std]
        side.sde = _StateDependent(*map(self._step.keep, (log_std, gradient)))
        for name in ("exploration", "std_squared", "by_std"):
            setattr(side.sde, name, self._step.room(*log_std.shape))
        for name in ("squared_features", "by_squared_features"):
            setattr(side.sde, name, self._step.room(size, len(log_std)))
        side.sde.clip_mean = self._actor.clip_mean if self._actor.clip_mean > 0.0 else np.inf
        return side

    def _draw(self, part: int) -> _Draw:
        draw = _Draw(*(self._step.room(self._step.half, self._action_size) for _ in _Draw._fields_))
        draw.actions = self._step.struct.halves[part].actions  # what critics judge
        return draw
