"""A process that trains in blocks: a whole number of rollouts, each with the updates that follow it.

It is one call of `learn`, as in a run, that waits between two rollouts. There are no evaluations, checkpoints, events
and logs, on either side.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback

from engine.bench.block import Block, Entrant, Order, Side
from engine.bench.stock import VecKind, make_stock
from engine.protocol.config import RunConfig
from engine.worker.algorithms import build_model
from engine.worker.devices import choose_device, choose_num_threads
from engine.worker.environments import make_training_env

ENDLESS = 10**12
"""Timesteps of the whole training: schedules stay where a run begins."""


def train_in_blocks(connection: Connection, entrant: Entrant) -> None:
    """Answer with the number of torch's threads, and with a Block when learning can begin; then train each Order.

    Ends with EOFError when the other end is closed. Raises RlroboError and RobotError.
    """
    model = _our_model(entrant.config) if entrant.side is Side.OURS else _stock_model(entrant)
    connection.send(torch.get_num_threads())
    env = model.get_env()
    assert env is not None
    try:
        model.learn(ENDLESS, _Blocks(connection))
    finally:
        env.close()


def _our_model(config: RunConfig) -> BaseAlgorithm:
    """Return what a run would train, with torch set as there."""
    torch.set_num_threads(choose_num_threads(config))
    torch.distributions.Distribution.set_default_validate_args(False)
    model = build_model(config, make_training_env(config, Path()), device=choose_device(config))
    torch.set_num_threads(choose_num_threads(config, model))
    return model


def _stock_model(entrant: Entrant) -> BaseAlgorithm:
    torch.set_num_threads(entrant.num_threads)
    # SubprocVecEnv's processes come off a server of their own, which would else load torch for each of them.
    multiprocessing.set_forkserver_preload(["engine.bench.stock"])
    kind = VecKind(entrant.side.value)
    return make_stock(entrant.config, kind=kind, device=choose_device(entrant.config))


class _Blocks(BaseCallback):
    """Holds training between two rollouts until the next block is ordered."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection
        self._order = Order()
        self._first_timestep = 0
        self._began = 0.0

    def _on_training_start(self) -> None:
        # Off-policy algorithms learn nothing before `learning_starts` timesteps are passed.
        self._begin(Order(min_timesteps=getattr(self.model, "learning_starts", -1) + 1))

    def _on_rollout_start(self) -> None:
        seconds = perf_counter() - self._began
        timesteps = self.model.num_timesteps - self._first_timestep
        if timesteps >= self._order.min_timesteps and seconds >= self._order.min_seconds:
            self._connection.send(Block(timesteps=timesteps, seconds=seconds))
            self._begin(self._connection.recv())

    def _on_step(self) -> bool:
        return True

    def _begin(self, order: Order) -> None:
        self._order = order
        self._first_timestep = self.model.num_timesteps
        self._began = perf_counter()
