"""How fast the physics engine alone is on all cores at once, which bounds every trainer of a task."""

from __future__ import annotations

import contextlib
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

from engine.bench.children import Child
from engine.protocol.config import RunConfig
from engine.tasks import load_run_task
from robots.bench import Ceiling


def measure_ceiling(config: RunConfig, *, num_cores: int, seconds: float) -> float | None:
    """Return environment steps a second of one engine on each core, all at work at the same time for `seconds`.

    A rate is by the processor's time, as in `robots.bench`. None where another package simulates the task. Raises
    RlroboError.
    """
    if config.is_gym:
        return None
    with contextlib.ExitStack() as stack:
        children = [
            Child("the physics engine", "engine.bench.ceiling:step_engine", config, num_cores) for _ in range(num_cores)
        ]
        for child in children:
            stack.callback(child.close)
        for child in children:
            child.receive()
        for child in children:
            child.send(seconds)
        return sum(child.receive() for child in children)


def step_engine(connection: Connection, config: RunConfig, num_cores: int) -> None:
    """Answer once when ready, then with the rate (steps/s) for each wall-clock time (s) that it is sent."""
    ceiling = Ceiling(load_run_task(config, Path()), num_envs=max(1, config.num_envs // num_cores))
    try:
        ceiling.step()
        connection.send(None)
        while True:
            connection.send(_rate(ceiling, connection.recv()))
    finally:
        ceiling.close()


def _rate(ceiling: Ceiling, seconds: float) -> float:
    num_steps, spent_s, began = 0, 0.0, perf_counter()
    while num_steps == 0 or perf_counter() - began < seconds:
        spent_s += ceiling.step()
        num_steps += 1
    return num_steps * ceiling.leader.batch.num_envs / spent_s
