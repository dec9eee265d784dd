"""A pass of PPO over a rollout in ppo.c: what actor_critic.py does minibatch by minibatch, without the interpreter.

Exponentials are other approximations than NumPy's, so parameters differ from the plain path's by rounding.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from engine.kernels.library import Kernels, address
from engine.kernels.network import NetworkStruct
from engine.kernels.structs import AdamStruct, numbers, pointers, reals
from engine.protocol.provenance import usable_cpus
from engine.worker.compiled_networks import Layers, learning_network
from engine.worker.crew import Crew
from engine.worker.flat_adam import FlatAdam
from engine.worker.ppo_loss import Coefficients, Minibatch, Seen

ACTOR, CRITIC, BOTH = range(3)


class _Parameters(ctypes.Structure):
    _fields_ = (
        ("adam", AdamStruct),
        ("spans", ctypes.c_void_p * 2),
        ("num_spans", ctypes.c_int64 * 2),
        *reals("max_grad_norm"),
    )


class _Rows(ctypes.Structure):
    _fields_ = (
        *pointers("observations", "actions", "old_values", "old_log_prob", "advantages", "returns"),
        *numbers("num_rows", "batch_size"),
    )


class _Noise(ctypes.Structure):
    _fields_ = (
        *pointers("log_std", "log_std_gradient", "std_squared", "squared_features", "variance", "by_variance"),
        *numbers("is_state_dependent"),
    )


class _Coefficients(ctypes.Structure):
    _fields_ = (
        *reals("clip_range", "clip_range_vf", "ent_coef", "vf_coef", "largest_kl"),
        *numbers("normalize_advantage"),
    )


class _Seen(ctypes.Structure):
    _fields_ = pointers("policy", "entropy", "clip_fraction", "approx_kl", "value")


class _Pass(ctypes.Structure):
    """`struct pass` of ppo.c."""

    _fields_ = (
        ("actor", NetworkStruct),
        ("critic", NetworkStruct),
        ("parameters", _Parameters),
        ("rows", _Rows),
        ("noise", _Noise),
        ("given", _Coefficients),
        ("seen", _Seen),
        ("norms", ctypes.c_double * 4),
        ("arrived", ctypes.c_int64 * 2),
        ("stopped_at", ctypes.c_int64),
    )


@dataclass(frozen=True)
class Sides:
    """What a policy is made of."""

    actor: Layers
    critic: Layers
    log_std: torch.Tensor
    """(units, action_size) of gSDE, else (action_size,)."""
    activation: str


class CompiledPass:
    """Actor and critic of a policy for ppo.c, each on a thread of its own where there are two processors."""

    def __init__(self, kernels: Kernels, sides: Sides, adam: FlatAdam, *, batch_size: int) -> None:
        """Parameters and moments are `adam`'s; minibatches have up to `batch_size` rows."""
        self._kernels, self._adam, self._batch_size = kernels, adam, batch_size
        arrays = adam.arrays()
        self._networks = [
            learning_network(kernels, layers, arrays, sides.activation, batch_size=batch_size)
            for layers in (sides.actor, sides.critic)
        ]
        self._spans = [
            np.array([adam.vector.span(each) for each in parameters], dtype=np.int64)
            for parameters in ([sides.log_std, *_parameters(sides.actor)], _parameters(sides.critic))
        ]
        self._room = self._make_room(sides)
        self._crew = Crew(min(2, usable_cpus()))
        self._noise = self._place_noise(*arrays[sides.log_std])

    def run(self, rows: Minibatch, given: Coefficients, *, max_grad_norm: float, target_kl: float | None) -> Seen:
        """Update with every minibatch of a rollout in its order; rows are float32 and contiguous."""
        num_rows = len(rows.returns)
        num_minibatches = -(-num_rows // self._batch_size)
        seen = np.zeros((5, num_minibatches))
        columns = (rows.observations, rows.actions, rows.old_values, rows.old_log_prob, rows.advantages, rows.returns)
        given_there = _Coefficients(
            clip_range=given.clip_range,
            clip_range_vf=-1.0 if given.clip_range_vf is None else given.clip_range_vf,
            ent_coef=given.ent_coef,
            vf_coef=given.vf_coef,
            largest_kl=math.inf if target_kl is None else 1.5 * target_kl,
            normalize_advantage=given.normalize_advantage,
        )
        parameters = _Parameters(
            adam=AdamStruct.over(self._adam.vectors()),
            spans=(ctypes.c_void_p * 2)(*map(address, self._spans)),
            num_spans=(ctypes.c_int64 * 2)(*map(len, self._spans)),
            max_grad_norm=max_grad_norm,
        )
        parameters.adam.set(self._adam.settings, num_steps=self._adam.num_steps)
        whole = _Pass(
            actor=self._networks[ACTOR].struct,
            critic=self._networks[CRITIC].struct,
            parameters=parameters,
            rows=_Rows(*map(address, columns), num_rows=num_rows, batch_size=self._batch_size),
            noise=self._noise,
            given=given_there,
            seen=_Seen(*map(address, seen)),
            stopped_at=-1,
        )
        self._call(whole)
        is_cut = whole.stopped_at >= 0
        num_steps = whole.stopped_at if is_cut else num_minibatches
        self._adam.num_steps += num_steps
        return Seen(*seen[:, : num_steps + is_cut], is_cut=is_cut)

    def _call(self, whole: _Pass) -> None:
        sides = (ACTOR, CRITIC) if self._crew.num_threads > 1 else (BOTH,)
        self._crew.run([partial(self._kernels.run_pass, ctypes.byref(whole), side) for side in sides])

    def _make_room(self, sides: Sides) -> dict[str, np.ndarray]:
        head = sides.actor[-1]
        shapes = {
            "std_squared": tuple(sides.log_std.shape),
            "squared_features": (self._batch_size, head.in_features),
            "variance": (self._batch_size, head.out_features),
            "by_variance": (self._batch_size, head.out_features),
        }
        return {name: np.empty(shape, np.float32) for name, shape in shapes.items()}

    def _place_noise(self, log_std: np.ndarray, gradient: np.ndarray) -> _Noise:
        places = {name: address(array) for name, array in self._room.items()}
        return _Noise(
            log_std=address(log_std),
            log_std_gradient=address(gradient),
            is_state_dependent=log_std.ndim > 1,
            **places,
        )


def _parameters(layers: Layers) -> list[torch.Tensor]:
    return [parameter for layer in layers for parameter in (layer.weight, layer.bias)]
