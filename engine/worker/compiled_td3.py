"""TD3's gradient step in td3.c: what Td3Networks of fast_td3.py does in NumPy, without the interpreter."""

from __future__ import annotations

import ctypes

from stable_baselines3 import TD3

from engine.kernels.library import Kernels, address, load_kernels
from engine.kernels.network import NetworkStruct
from engine.kernels.structs import pointers
from engine.worker.compiled_networks import learning_network, reading_network
from engine.worker.compiled_off_policy import OffPolicyStep, have_hidden_layers
from engine.worker.crew import Crew
from engine.worker.flat_adam import FlatAdam
from engine.worker.flat_critics import Critics
from engine.worker.flat_networks import linears
from engine.worker.flat_vector import FlatVector
from engine.worker.looking_ahead import Minibatch


class _Td3(ctypes.Structure):
    """`struct td3` of td3.c."""

    _fields_ = (
        *pointers("step"),
        ("actors", NetworkStruct * 2),
        ("actor_targets", NetworkStruct * 2),
        *pointers("noise"),
    )


def compile_td3(model: TD3, critics: Critics, adam: FlatAdam, target: FlatVector) -> CompiledTd3 | None:
    """Return the step for a model with these vectors of its actor; None: NumPy takes it."""
    kernels = load_kernels()
    if kernels is None or not have_hidden_layers(critics, linears(model.actor.mu)):
        return None
    return CompiledTd3(kernels, model, critics, adam, target)


class CompiledTd3:
    """Actor, critics and their targets for td3.c, on two threads where there are as many."""

    def __init__(self, kernels: Kernels, model: TD3, critics: Critics, adam: FlatAdam, target: FlatVector) -> None:
        self._kernels, self._adam = kernels, adam
        layers, target_layers = linears(model.actor.mu), linears(model.actor_target.mu)
        self._step = OffPolicyStep(kernels, critics, action_size=layers[-1].out_features, num_judges=1)
        self._step.struct.loss_scale = 1.0
        self._step.place_actor(adam, target)
        parts, values, size = [adam.arrays(part=part) for part in range(2)], target.arrays(), self._step.half
        actors = [learning_network(kernels, layers, part, critics.activation, batch_size=size) for part in parts]
        targets = [reading_network(kernels, target_layers, values, critics.activation, batch_size=size) for _ in parts]
        self._whole = _Td3(
            step=ctypes.addressof(self._step.struct),
            actors=self._step.array(actors),
            actor_targets=self._step.array(targets),
        )

    def fits(self, minibatch: Minibatch) -> bool:
        """Whether there is room for all rows."""
        return self._step.fits(minibatch)

    def begin(self, crew: Crew, minibatch: Minibatch) -> None:
        """Begin the gradient step that learns from `minibatch`."""
        self._whole.noise = address(minibatch.random)
        self._step.begin(self._kernels.begin_td3_step, self._whole, crew, minibatch)

    def step(self, crew: Crew, minibatch: Minibatch, *, tau: float | None) -> tuple[float, float | None]:
        """Take a gradient step as Td3Networks.step; return the critics' loss, and the actor's where it learned."""
        if not self._step.has_begun(minibatch):
            self.begin(crew, minibatch)
        there = self._step.struct
        there.actor.adam.set(self._adam.settings, num_steps=self._adam.num_steps)
        critic = self._step.run(self._kernels.run_td3_step, self._whole, tau=tau)
        if tau is None:
            return critic, None
        self._adam.num_steps += 1
        return critic, sum(there.actor_losses)
