"""The part of a gradient step in C that SAC and TD3 share: critics that learn, and what halves of a minibatch read.

The calling thread takes a step with a helper (helper.c), or alone. The helper may begin it while the caller does
something else. Parameters differ from the plain path's by rounding: sums have another order, and exponentials are other
approximations than NumPy's. NumPy does what has no hidden layer.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import nn

from engine.kernels.library import Kernels, address
from engine.kernels.network import Network, NetworkStruct
from engine.kernels.off_policy import ActorParametersStruct, BatchStruct, CriticStruct, OffPolicyStruct, ReadingStruct
from engine.kernels.structs import AdamStruct
from engine.worker.compiled_networks import learning_network, reading_network
from engine.worker.crew import Crew
from engine.worker.flat_adam import FlatAdam
from engine.worker.flat_critics import Critic, Critics, ReplayBatch
from engine.worker.flat_vector import FlatVector
from engine.worker.looking_ahead import Minibatch
from engine.worker.packed_replay import DrawnRows

CHUNK_ROWS = 64
"""For how many rows a thread looks ahead at a time: few, so that threads end together; products of fewer are slow."""
BATCH = ("observations", "inputs", "next_observations", "rewards", "discounts")
Call = Callable[[Any, "int | None"], None]
"""A function of td3.c or sac.c."""


class OffPolicyStep:
    """A gradient step but for what actors do; `struct` is what C knows of it."""

    def __init__(self, kernels: Kernels, critics: Critics, *, action_size: int, num_judges: int) -> None:
        """Actions are judged by the first `num_judges` critics; the actor is placed later."""
        self._kernels, self._critics = kernels, critics
        self._kept: list[object] = []
        self._begun: Minibatch | None = None
        self._helper: int | None = None
        self._members = (CriticStruct * len(critics))(*map(self._critic, critics.members))
        observation_size = critics.members[0].layers[0].in_features - action_size
        self.struct = OffPolicyStruct(
            batch=BatchStruct(
                targets=self.room(critics.batch_size), observation_size=observation_size, action_size=action_size
            ),
            critics=ctypes.addressof(self._members),
            num_critics=len(critics),
            chunk_rows=min(CHUNK_ROWS, self.half),
        )
        widths = (observation_size, observation_size + action_size, observation_size, 1, 1)
        self._rooms = [self.room(critics.batch_size, width) for width in widths]
        for half in self.struct.halves:
            self._place_reading(half, num_judges)

    @property
    def half(self) -> int:
        """Largest number of rows of half a minibatch."""
        return (self._critics.batch_size + 1) // 2

    def place_actor(self, adam: FlatAdam, target: FlatVector | None) -> None:
        """Say where the actor's parameters are, and what follows them; their gradient has two parts."""
        self.struct.actor = ActorParametersStruct(
            adam=AdamStruct.over(adam.vectors()),
            other_gradients=self.keep(adam.gradient(part=1)),
            target=None if target is None else self.keep(target.values.numpy()),
            num_weights=adam.size,
        )

    def keep(self, array: np.ndarray) -> int:
        """Return where an array begins, which then lives as long as this object."""
        self._kept.append(array)
        return address(array)

    def room(self, *shape: int, dtype: type = np.float32) -> int:
        """Return where there is room for numbers."""
        return self.keep(np.empty(shape, dtype))

    def array(self, networks: Sequence[Network]) -> Any:
        """Return the structures of some networks, one after the other."""
        structs = (NetworkStruct * len(networks))(*(network.struct for network in networks))
        self._kept.append((networks, structs))
        return structs

    def fits(self, minibatch: Minibatch) -> bool:
        """Whether there is room for all rows."""
        return len(minibatch.rows) <= self._critics.batch_size

    def begin(self, call: Call, whole: ctypes.Structure, crew: Crew, minibatch: Minibatch) -> None:
        """Begin a step with call(whole, helper), where `whole` has `struct` and what else it reads."""
        self._helper = self._kernels.helper() if crew.num_threads > 1 else None
        self._begun = minibatch
        self._place(minibatch.rows)
        call(ctypes.byref(whole), self._helper)

    def has_begun(self, minibatch: Minibatch) -> bool:
        """Whether the step that learns from `minibatch` has begun."""
        return self._begun is minibatch

    def run(self, call: Call, whole: ctypes.Structure, *, tau: float | None) -> float:
        """Take the step that has begun with call(whole, helper); return the critics' loss.

        Without `tau` targets stay. Who calls it prepares Adam of the actor, and counts its steps.
        """
        self.struct.tau = -1.0 if tau is None else tau
        for member, struct in zip(self._critics.members, self._members, strict=True):
            struct.adam.set(member.adam.settings, num_steps=member.adam.num_steps)
        call(ctypes.byref(whole), self._helper)
        self._begun = None
        for member in self._critics.members:
            member.adam.num_steps += 1
        return sum(struct.loss for struct in self._members)

    def __del__(self) -> None:
        """Let the helper finish what it reads from here."""
        if self._helper is not None:
            self._kernels.await_helper(self._helper)

    def _place(self, rows: DrawnRows | ReplayBatch) -> None:
        """Say where the rows are, or are to be fetched from."""
        batch, replay = self.struct.batch, self.struct.replay
        batch.num_rows = len(rows)
        if isinstance(rows, ReplayBatch):
            arrays = [np.ascontiguousarray(getattr(rows, name), np.float32) for name in BATCH]
            self._placed, places = arrays, map(address, arrays)
            replay.drawn = None
        else:
            places = self._rooms
            replay.rows, replay.drawn, replay.gamma = address(rows.replay.rows), address(rows.index), rows.gamma
        for name, place in zip(BATCH, places, strict=True):
            setattr(batch, name, place)

    def _critic(self, critic: Critic) -> CriticStruct:
        size, activation = self._critics.batch_size, self._critics.activation
        network = learning_network(self._kernels, critic.layers, critic.adam.arrays(), activation, batch_size=size)
        self._kept.append(network)
        return CriticStruct(
            network=network.struct,
            adam=AdamStruct.over(critic.adam.vectors()),
            target=self.keep(critic.target.values.numpy()),
            num_weights=critic.adam.size,
            errors=self.room(size),
            by_outputs=self.room(size),
        )

    def _place_reading(self, half: ReadingStruct, num_judges: int) -> None:
        batch, activation, members = self.struct.batch, self._critics.activation, self._critics.members
        judges = [(each.layers, each.adam.vector.arrays()) for each in members[:num_judges]]
        targets = [(each.target_layers, each.target.arrays()) for each in members]
        networks = [
            self.array([reading_network(self._kernels, *each, activation, batch_size=self.half) for each in pairs])
            for pairs in (judges, targets)
        ]
        half.critics, half.targets = map(ctypes.addressof, networks)
        half.num_critics, half.num_targets = map(len, networks)
        half.inputs = self.room(self.half, batch.observation_size + batch.action_size)
        for name in ("actions", "by_actions", "by_some_actions"):
            setattr(half, name, self.room(self.half, batch.action_size))
        half.values = self.room(self.half)
        half.which, half.rows = (self.room(self.half, dtype=np.int64) for _ in range(2))


def have_hidden_layers(critics: Critics, actor: Sequence[nn.Linear]) -> bool:
    """Whether the C files cover these networks."""
    return len(actor) > 1 and all(len(each.layers) > 1 for each in critics.members)
