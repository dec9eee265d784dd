"""Contestants of a benchmark, each in a process of its own, as their coordinator sees them. No torch."""

from __future__ import annotations

import contextlib

import msgspec

from engine.bench.block import Block, Entrant, Order, Side
from engine.bench.children import Child
from engine.protocol.config import RunConfig, timesteps_per_update

LEARNING_STARTS = 100
"""Off-policy algorithms learn after so many timesteps at the latest; chosen: Stable-Baselines3's default."""


class Trainer:
    """A contestant; it sleeps unless it is told to train."""

    def __init__(self, entrant: Entrant) -> None:
        self.entrant = entrant
        self.unit = timesteps_per_update(entrant.config)
        """Timesteps of a rollout."""
        self.num_threads = 0
        """CPU threads of torch, known once it has begun."""
        self._child = Child(entrant.name, "engine.bench.trainee:train_in_blocks", entrant)

    def begin(self, *, min_seconds: float) -> Block:
        """Wait until it can learn and let it train a first block, which is slower than others. Raises RlroboError."""
        self.num_threads = self._child.receive()
        self._child.receive()
        return self.train(Order(min_seconds=min_seconds))

    def train(self, order: Order) -> Block:
        """Let it train a block. Raises RlroboError."""
        return self._child.ask(order)

    def close(self) -> None:
        """End it; nothing happens where it has ended."""
        self._child.close()


def enter(stack: contextlib.ExitStack, entrant: Entrant) -> Trainer:
    """Start a contestant that ends with `stack`."""
    trainer = Trainer(entrant)
    stack.callback(trainer.close)
    return trainer


def our_entrant(config: RunConfig, *, name: str = "ours") -> Entrant:
    """Return how we train `config`."""
    return Entrant(name=name, side=Side.OURS, config=config)


def stock_entrants(config: RunConfig) -> list[Entrant]:
    """Return how users run stock Stable-Baselines3: with either vectorised environment, with one thread of torch."""
    sides = {Side.DUMMY: "DummyVecEnv", Side.SUBPROC: "SubprocVecEnv"}
    return [Entrant(name=name, side=side, config=config) for side, name in sides.items()]


def learn_at_once(config: RunConfig) -> RunConfig:
    """Return `config` with as few timesteps before learning starts as its algorithm can do with.

    Hindsight replay needs whole episodes first, so it keeps what it has.
    """
    algorithm = config.algorithm
    first = getattr(algorithm, "learning_starts", 0)
    if first <= LEARNING_STARTS or getattr(algorithm, "her", None) is not None:
        return config
    sooner = msgspec.structs.replace(algorithm, learning_starts=LEARNING_STARTS)
    return msgspec.structs.replace(config, algorithm=sooner)
