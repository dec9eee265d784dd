"""What this machine has for a run, and what a run takes of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from engine.launch import find_engine
from engine.protocol.algorithms import ON_POLICY, algorithm_name
from engine.protocol.config import RunConfig
from engine.protocol.disk import free_bytes, transition_bytes
from engine.protocol.errors import RlroboError
from engine.protocol.provenance import usable_cpus
from engine.protocol.run_dir import list_runs
from engine.protocol.status import Status
from engine.protocol.summary import RunSummary, summarize
from engine.protocol.task_facts import TaskFacts
from rlrobo_tui.run_list import short_name
from rlrobo_tui.twin import run_program

ENGINE_BYTES = 450_000_000
"""torch and its policy; measured."""
EVALUATION_BYTES = 600_000_000
"""The process that plays evaluation episodes; measured (docs/performance.md)."""
WORKER_BYTES = 60_000_000
"""A process that samples, without its simulations; measured."""
SIMULATION_BYTES = 30_000_000
"""One environment; measured on ant_walk (docs/performance.md)."""
GPU_PATIENCE_S = 5.0
"""A driver that hangs must not keep the form waiting."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What was seen at one moment."""

    num_cpus: int
    """Processors that a process may use."""
    load: float
    """Processes that wanted one, on average over the last minute."""
    free_memory_bytes: int
    memory_bytes: int
    free_disk_bytes: int
    """Where runs are kept."""
    gpu: str
    """Name of the GPU that the driver shows; empty: none."""
    training: tuple[str, ...]
    """Ids of the runs that train here now."""


async def look(runs_dir: Path) -> Machine:
    """Look at this machine."""
    gpu = await find_gpu()
    return await asyncio.to_thread(_look, runs_dir, gpu)


async def find_gpu() -> str:
    """Return the name of the first GPU that NVIDIA's driver shows, or nothing."""
    try:
        command = run_program("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
        output = await asyncio.wait_for(command, GPU_PATIENCE_S)
    except (OSError, asyncio.TimeoutError):
        return ""
    return output.stdout.strip().partition("\n")[0] if output.code == 0 else ""


def num_workers_of(config: RunConfig, num_cpus: int) -> int:
    """Return how many processes are going to sample; 1: the one that learns does."""
    if algorithm_name(config.algorithm) not in ON_POLICY:
        return 1
    return min(config.num_workers or num_cpus, config.num_envs)


def device_of(config: RunConfig, gpu: str) -> str:
    """Return where the networks are going to live."""
    if config.device != "auto":
        return config.device
    return "cuda" if gpu and algorithm_name(config.algorithm) not in ON_POLICY else "cpu"


def memory_of(config: RunConfig, facts: TaskFacts, num_cpus: int) -> int:
    """Return the bytes of main memory that a run takes in all of its processes; within a factor of two."""
    row = transition_bytes(config, observation_size=facts.observation_size, action_size=facts.action_size)
    transitions = min(getattr(config.algorithm, "buffer_size", 0), config.total_timesteps)
    workers = num_workers_of(config, num_cpus)
    total = ENGINE_BYTES + row * transitions + (workers * WORKER_BYTES if workers > 1 else 0)
    if config.evaluation.every_timesteps:
        total += EVALUATION_BYTES
    return total + config.num_envs * SIMULATION_BYTES


def _with_engine(runs_dir: Path) -> Iterator[RunSummary]:
    for run in list_runs(runs_dir):
        if find_engine(run) is not None:
            with suppress(RlroboError, OSError):  # one that is being made or deleted right now
                yield summarize(run)


def _look(runs_dir: Path, gpu: str) -> Machine:
    memory = psutil.virtual_memory()
    return Machine(
        num_cpus=usable_cpus(),
        load=os.getloadavg()[0],
        free_memory_bytes=memory.available,
        memory_bytes=memory.total,
        free_disk_bytes=free_bytes(runs_dir),
        gpu=gpu,
        training=tuple(short_name(run) for run in _with_engine(runs_dir) if run.status is not Status.PAUSED),
    )
