"""Measure how fast we train next to stock Stable-Baselines3: `python -m engine.bench.train CONFIG` prints JSON.

CONFIG is a run's configuration as JSON. `rlrobo bench train` calls this and docs/performance.md says what it measures.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from engine.bench.block import Entrant
from engine.bench.ceiling import measure_ceiling
from engine.bench.peers import peer_name
from engine.bench.race import BLOCK_S, Plan, plan_rounds, run_rounds
from engine.bench.ratios import is_void
from engine.bench.trainer import Trainer, enter, learn_at_once, our_entrant, stock_entrants
from engine.messages import tell
from engine.protocol.algorithms import algorithm_name
from engine.protocol.config import RunConfig, parse_config
from engine.protocol.errors import RlroboError
from engine.protocol.provenance import collect_provenance, usable_cpus
from engine.worker.devices import choose_device, device_name
from engine.worker.environments import choose_num_workers
from robots.quiet import stdout_to_stderr

CEILING_S = 3.0
"""Time for measuring the physics engine."""


@dataclass(frozen=True, kw_only=True)
class Stock:
    """How fast stock Stable-Baselines3 was in its first block, in one of the ways to run it."""

    vec_env: str
    """DummyVecEnv or SubprocVecEnv."""
    num_threads: int
    """CPU threads of torch."""
    rate: float
    """Timesteps a second."""


@dataclass(frozen=True, kw_only=True)
class TrainingSpeed:
    """What is printed. Rates are timesteps a second, all environments together, updates included."""

    task: str
    algorithm: str
    num_envs: int
    seed: int
    peer_env: str
    """Environment of stock Stable-Baselines3."""
    ours: float
    peer: float
    """Stock Stable-Baselines3, the fastest way of running it."""
    ceiling: float | None
    """Environment steps a second of the physics engine alone on all cores; None where it is not ours."""
    ratio_median: float
    """Median of ours / peer over neighbouring blocks."""
    ratio_ci95: tuple[float, float]
    control_ratio: float
    """Likewise of ours / ours."""
    control_ci95: tuple[float, float]
    is_void: bool
    """Whether the control says that the rest means nothing."""
    peer_vec_env: str
    peer_num_threads: int
    stock: list[Stock]
    """All ways that were tried."""
    blocks: int
    """Measured blocks of each contestant."""
    ours_block_timesteps: int
    peer_block_timesteps: int
    num_threads: int
    """CPU threads of torch in ours."""
    num_workers: int
    """Processes that sample in ours."""
    num_cores: int
    device: str
    """Where both sides have their networks: cpu, or the name of a GPU."""
    load_before: float
    """Load average over a minute, before anything ran."""
    load_after: float
    processor: str
    python: str
    versions: dict[str, str]


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(prog="engine.bench.train")
    parser.add_argument("config", type=lambda text: parse_config(json.loads(text), source="configuration"))
    parser.add_argument("--seconds", type=float, default=Plan.seconds)
    parser.add_argument("--timesteps", type=int, default=0)
    options = parser.parse_args(arguments)
    plan = Plan(seconds=options.seconds, timesteps=options.timesteps)
    return print_result(lambda: asdict(measure(options.config, plan)))


def print_result(measure: Callable[[], Any]) -> int:
    """Print what `measure` returns as JSON, or tell its error; return the exit code."""
    # Before NumPy is loaded in the processes that train: its products are made by one thread, as in a run.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        with stdout_to_stderr():  # PyBullet and other packages print
            result = measure()
    except RlroboError as err:
        tell(error=str(err))
        return err.exit_code
    print(json.dumps(result))  # noqa: T201 - stdout is data
    return 0


def measure(config: RunConfig, plan: Plan) -> TrainingSpeed:
    """Race our training of `config` against stock Stable-Baselines3's. Raises RlroboError."""
    load_before, num_cores = os.getloadavg()[0], usable_cpus()
    config = learn_at_once(config)
    ceiling = measure_ceiling(config, num_cores=num_cores, seconds=min(CEILING_S, plan.seconds))
    if ceiling is not None:
        tell(contestant=f"the physics engine alone on {num_cores} cores", rate=ceiling)
    first_s = 0.0 if plan.timesteps else BLOCK_S
    with contextlib.ExitStack() as stack:
        ours, our_rate = _enter(stack, our_entrant(config, name="ours"), first_s)
        control, _ = _enter(stack, our_entrant(config, name="ours again"), first_s)
        stock, tried = _fastest(stack, config, first_s)
        stock_rate = max(each.rate for each in tried)
        schedule = plan_rounds(plan, our_rate=our_rate, stock_rate=stock_rate, unit=ours.unit)
        tell(rounds=schedule.num_rounds, seconds=schedule.seconds)
        outcome = run_rounds(
            schedule,
            ours=ours.train,
            stock=stock.train,
            control=control.train,
            announce=lambda number: tell(round=number, rounds=schedule.num_rounds),
        )
    provenance = collect_provenance()
    return TrainingSpeed(
        task=config.task_name,
        algorithm=algorithm_name(config.algorithm),
        num_envs=config.num_envs,
        seed=config.seed,
        peer_env=peer_name(config),
        ours=outcome.ours,
        peer=outcome.stock,
        ceiling=ceiling,
        ratio_median=outcome.ratio.median,
        ratio_ci95=(outcome.ratio.low, outcome.ratio.high),
        control_ratio=outcome.control.median,
        control_ci95=(outcome.control.low, outcome.control.high),
        is_void=is_void(outcome.control),
        peer_vec_env=stock.entrant.name,
        peer_num_threads=stock.num_threads,
        stock=tried,
        blocks=2 * schedule.num_rounds,
        ours_block_timesteps=schedule.ours,
        peer_block_timesteps=schedule.stock,
        num_threads=ours.num_threads,
        num_workers=choose_num_workers(config),
        num_cores=num_cores,
        device=device_name(choose_device(config)),
        load_before=load_before,
        load_after=os.getloadavg()[0],
        processor=provenance.processor,
        python=provenance.python,
        versions=provenance.versions,
    )


def _fastest(stack: contextlib.ExitStack, config: RunConfig, first_s: float) -> tuple[Trainer, list[Stock]]:
    """Return the fastest way to run stock Stable-Baselines3, which alone goes on, and how fast each was.

    It is either vectorised environment with one thread of torch, or the faster of them with one on every core.
    """
    trainers: list[Trainer] = []
    rates: list[float] = []

    def show(entrant: Entrant) -> None:
        trainer, rate = _enter(stack, entrant, first_s)
        trainers.append(trainer)
        rates.append(rate)

    def fastest() -> Trainer:
        return trainers[rates.index(max(rates))]

    for entrant in stock_entrants(config):
        show(entrant)
    if usable_cpus() > 1:
        show(replace(fastest().entrant, num_threads=usable_cpus()))
    for trainer in trainers:
        if trainer is not fastest():
            trainer.close()
    return fastest(), [
        Stock(vec_env=trainer.entrant.name, num_threads=trainer.num_threads, rate=rate)
        for trainer, rate in zip(trainers, rates, strict=True)
    ]


def _enter(stack: contextlib.ExitStack, entrant: Entrant, min_seconds: float) -> tuple[Trainer, float]:
    """Start a contestant, which ends with `stack`; return it and the rate of its first block (timesteps/s)."""
    trainer = enter(stack, entrant)
    rate = trainer.begin(min_seconds=min_seconds).rate
    threads = f"{trainer.num_threads} thread{'s' if trainer.num_threads > 1 else ''} of torch"
    tell(contestant=f"{entrant.name}, {threads}", rate=rate)
    return trainer, rate


if __name__ == "__main__":
    sys.exit(main())
