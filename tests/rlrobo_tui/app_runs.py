"""Make runs for tests of the app, and drive the app in an event loop of its own."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from textual.pilot import Pilot

from engine.protocol.config import RunConfig
from engine.protocol.events import (
    CheckpointSaved,
    Episodes,
    EvaluationDone,
    Event,
    Metrics,
    RunStarted,
    StatusChanged,
)
from engine.protocol.json_lines import EventWriter
from engine.protocol.lock import describe_process
from engine.protocol.provenance import Provenance
from engine.protocol.run_dir import RunDir, create_run
from engine.protocol.status import Status
from rlrobo_tui.app import RlroboApp

NOWHERE = Provenance(
    command=["rlrobo"], working_directory="/", commit=None, is_dirty=None, python="3.11", versions={}, platform="",
    processor="", num_cpus=1, memory_bytes=1,
)  # fmt: skip
SIZE = (80, 24)
PATIENCE_S = 10.0


def make_run(runs_dir: Path, *, events: list[Event], task: str = "cartpole_balance", seed: int = 1) -> RunDir:
    """Make a run with `events` and no engine."""
    run = create_run(runs_dir, RunConfig(task=task, total_timesteps=1000, seed=seed), NOWHERE)
    append(run, events)
    return run


def append(run: RunDir, events: list[Event]) -> None:
    """Write more events, as an engine does."""
    writer = EventWriter(run.events, clock=time.time)
    for event in events:
        writer.write(event)
    writer.close()


def training(task: str = "cartpole_balance", seed: int = 1) -> list[Event]:
    """Events of a run that trains: ten returns 10, 20 … 100, one evaluation of 90, one checkpoint."""
    started = RunStarted(task=task, algorithm="ppo", seed=seed, total_timesteps=1000, num_envs=8, device="cpu")
    events: list[Event] = [started, StatusChanged(status=Status.RUNNING)]
    for index in range(1, 11):
        step = index * 50
        values = {
            "rollout/ep_rew_mean": index * 10.0,
            "time/steps_per_second": 2000.0,
            "train/approx_kl": 0.01,
            "reward/alive": index * 12.0,
            "reward/effort": index * -2.0,
            "termination/pole_fell": 1.0,
        }
        events += [Episodes(step=step, returns=[1.0], lengths=[9]), Metrics(step=step, values=dict(values))]
    evaluation = EvaluationDone(
        step=500, episodes=4, return_mean=90.0, is_best=True, best_return_mean=90.0, best_step=500
    )
    return [
        *events,
        evaluation,
        CheckpointSaved(step=500, path="checkpoints/000000500", reason="best", size_bytes=2000),
    ]


def hold(run: RunDir, pid: int | None = None) -> None:
    """Make the process `pid` (default: this one) look like the engine of `run`."""
    run.lock_file.write_bytes(msgspec.json.encode(describe_process(pid or os.getpid())))


def drive(
    app: RlroboApp,
    play: Callable[[Pilot[None]], Awaitable[None]],
    *,
    size: tuple[int, int] = SIZE,
    may_fail: bool = False,
) -> None:
    """Run `app` headless and `play` on it; the app must not have survived a failure unless it may."""

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await play(pilot)

    try:
        asyncio.run(run())
    finally:
        assert may_fail or not app.crashes, "\n".join(app.crashes)


async def until(pilot: Pilot[None], is_so: Callable[[], object], *, patience_s: float = PATIENCE_S) -> None:
    """Wait until `is_so`, as a user would; fail when it does not come."""
    end = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < end, f"never happened; on the screen:\n{screen_text(pilot.app)}"
        await pilot.pause(0.02)


async def soon(is_so: Callable[[], object]) -> None:
    """Wait as `until` does, but not for the messages of a page: one that failed answers none."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def screen_text(app: object) -> str:
    """Return the characters that are on the screen."""
    assert isinstance(app, RlroboApp)
    lines = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in lines)
