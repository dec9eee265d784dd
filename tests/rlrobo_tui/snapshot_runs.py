"""The runs of the text snapshots: one in each state that a run can be in, as they are at a frozen moment.

Times, numbers and process ids are fixed; the files are written by what engines write them with.
"""

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from engine.protocol.algorithms import PPO, SAC
from engine.protocol.checkpoints import EvaluationResult, Manifest, new_checkpoint
from engine.protocol.config import RunConfig
from engine.protocol.events import (
    CheckpointSaved,
    CommandDone,
    Episodes,
    EvaluationDone,
    Event,
    Metrics,
    Resumed,
    RunEnded,
    RunStarted,
    StatusChanged,
)
from engine.protocol.heartbeat import Heartbeat
from engine.protocol.json_lines import EventWriter
from engine.protocol.lock import Holder, describe_process
from engine.protocol.run_dir import RunDir, create_run
from engine.protocol.status import EndReason, Status
from tests.rlrobo_tui.app_runs import NOWHERE

NOW = 1_800_000_000.0
"""2027-01-15 08:00:00 UTC."""
HOST, PID = "lab", 4321
NUM_POINTS = 120
MINUTE = 60.0
CHECKPOINTS = {60_000: 205.6, 120_000: 341.2, 180_000: 318.9}
"""Timesteps of the checkpoints that can be replayed, and the mean return of their evaluations."""
Told = tuple[float, Event]
"""Seconds before the frozen moment, and what happened then."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """What a run lived through."""

    config: RunConfig
    began: float
    """Seconds before the frozen moment."""
    told: Sequence[Told] = ()
    ended: float = 1.0
    """Seconds before the frozen moment of the last values."""
    part: float = 0.6
    """Of its timesteps, how many are trained."""
    top: float = 420.0
    """Return that it comes close to."""
    odd: dict[str, float] = field(default_factory=dict)
    """Values that metrics have instead of the usual ones."""
    has_engine: bool = False


def make_runs(folder: Path) -> dict[str, RunDir]:
    """Make all runs and return them by what is told of them in STORIES."""
    runs = {name: _make(folder, story) for name, story in STORIES.items()}
    for step, mean in CHECKPOINTS.items():
        evaluation = EvaluationResult(return_mean=mean, return_std=31.0, episodes=10)
        manifest = Manifest(
            step=step,
            algorithm="ppo",
            task="ant_walk",
            reason="periodic",
            saved_at=NOW,
            files={},
            evaluation=evaluation,
        )
        with new_checkpoint(runs["training"].checkpoints, manifest):
            pass
    _hang(runs["hung"])
    _lose(runs["out-of-reach"])
    with runs["unreadable"].events.open("ab") as file:
        file.write(b'{"type":"metrics","step":"many"}\n\xff\xfe\n{"type":"met\n')
    runs["killed"].engine_log.write_text("loading ant_walk\nRuntimeError: CUDA error: out of memory\n")
    runs["dead"].engine_log.write_text("Traceback (most recent call last):\nImportError: no module named torch\n")
    return runs


def ppo(task: str, seed: int, *, total: int = 400_000, **settings: float) -> RunConfig:
    """Return a configuration."""
    return RunConfig(task=task, seed=seed, total_timesteps=total, algorithm=PPO(**settings))  # type: ignore[arg-type]


def _paused(ago: float, detail: str = "") -> Told:
    return ago, StatusChanged(step=240_000, status=Status.PAUSED, detail=detail)


def _end(ago: float, reason: EndReason, message: str, step: int) -> Told:
    return ago, RunEnded(step=step, reason=reason, message=message)


DAY, HOUR = 86_400.0, 3600.0
STORIES: dict[str, Story] = {
    "training": Story(config=ppo("ant_walk", 7), began=42 * MINUTE, has_engine=True),
    "hints": Story(
        config=ppo("hopper_hop", 1), began=55 * MINUTE, has_engine=True,
        odd={
            "train/approx_kl": 0.081, "train/clip_fraction": 0.46, "train/explained_variance": -0.2, "train/std": 0.05,
        },
    ),
    "paused": Story(
        config=ppo("walker2d_walk", 2), began=HOUR, ended=600.0, has_engine=True,
        told=[(590.0, CommandDone(step=240_000, command="pause")), _paused(590.0)],
    ),
    "full-disk": Story(
        config=ppo("humanoid_walk", 1), began=1.2 * HOUR, ended=30.0, has_engine=True,
        told=[_paused(29.0, "/home/you/runs: cannot write: the disk is full. Free some space, then resume.")],
    ),
    "hung": Story(config=ppo("a1_walk", 3), began=1.4 * HOUR, ended=300.0, has_engine=True),
    "out-of-reach": Story(config=ppo("a1_walk", 4), began=1.6 * HOUR, ended=45.0),
    "quiet": Story(config=ppo("laikago_walk", 1), began=1.8 * HOUR, ended=75.0, has_engine=True),
    "unreadable": Story(config=ppo("reacher_reach", 1), began=2 * HOUR, has_engine=True),
    "repeating": Story(
        config=ppo("ant_walk", 6), began=2.2 * HOUR, ended=120.0, has_engine=True,
        told=[
            (60.0, Resumed(step=200_000, checkpoint="checkpoints/000200000", discarded_steps=40_000,
                           total_timesteps=400_000, pid=PID, hostname=HOST)),
            (58.0, StatusChanged(step=200_000, status=Status.RUNNING)),
            (10.0, Metrics(step=206_000, values={"rollout/ep_rew_mean": 371.2, "time/steps_per_second": 640.0})),
        ],
    ),
    "killed": Story(config=ppo("ant_walk", 5), began=5 * HOUR, ended=4.5 * HOUR, part=0.4),
    "diverged": Story(
        config=ppo("ant_walk", 4, learning_rate=3e-3), began=6 * HOUR, ended=5.9 * HOUR, part=0.1,
        told=[
            (5.9 * HOUR, Metrics(step=40_400, values={"train/value_loss": None, "train/loss": None})),
            _end(5.9 * HOUR, EndReason.DIVERGED, "train/value_loss became NaN at timestep 40,400.", 40_400),
        ],
    ),
    "failed": Story(
        config=ppo("half_cheetah_run", 1), began=8 * HOUR, ended=7.5 * HOUR, part=0.3,
        told=[_end(7.5 * HOUR, EndReason.FAILED, "ValueError: shapes (8,17) and (8,16) do not fit.", 120_000)],
    ),
    "stopped": Story(
        config=RunConfig(task="panda_reach", seed=1, total_timesteps=100_000, algorithm=SAC()),
        began=9 * HOUR, ended=8.7 * HOUR, part=0.5, top=48.0,
        told=[
            (8.7 * HOUR, CommandDone(step=50_000, command="stop")),
            _end(8.7 * HOUR, EndReason.STOPPED, "Stopped on request; a checkpoint was saved.", 50_000),
        ],
    ),
    "seed 3": Story(config=ppo("cartpole_balance", 3, total=60_000), began=DAY, ended=DAY - 66, part=1.0, top=495.0),
    "seed 2": Story(
        config=ppo("cartpole_balance", 2, total=60_000), began=1.1 * DAY, ended=1.1 * DAY - 61, part=1.0, top=470.0,
    ),
    "seed 1": Story(
        config=ppo("cartpole_balance", 1, total=60_000), began=1.2 * DAY, ended=1.2 * DAY - 63, part=1.0, top=505.0,
    ),
    "other settings": Story(
        config=ppo("cartpole_balance", 4, total=60_000, learning_rate=1e-4, n_steps=64),
        began=1.3 * DAY, ended=1.3 * DAY - 90, part=1.0, top=260.0,
    ),
    "finished": Story(
        config=ppo("inverted_pendulum_swingup", 1, total=300_000),
        began=2 * DAY, ended=2 * DAY - 900, part=1.0, top=880.0,
    ),
    "dead": Story(config=ppo("ant_walk", 9), began=5.0, part=0.0),
}  # fmt: skip


def _make(folder: Path, story: Story) -> RunDir:
    run = create_run(folder, story.config, NOWHERE, clock=lambda: NOW - story.began)
    if story.part:
        write(run, [*_course(story, run.id), *story.told])
    if story.has_engine:
        run.lock_file.write_bytes(msgspec.json.encode(describe_process(PID)))
    os.utime(run.config, (NOW - story.began, NOW - story.began))
    return run


def write(run: RunDir, told: Iterable[Told]) -> None:
    """Write what happened, as an engine does."""
    ago = 0.0
    writer = EventWriter(run.events, clock=lambda: NOW - ago)
    for ago, event in told:  # noqa: B007 - the clock reads it
        writer.write(event)
    writer.close()


def _course(story: Story, run_id: str) -> Iterator[Told]:
    """Yield a run's start, its values at NUM_POINTS moments with an evaluation each tenth of them, and its end."""
    config, total = story.config, story.config.total_timesteps
    is_sac = isinstance(config.algorithm, SAC)
    yield story.began, RunStarted(
        run_id=run_id, task=config.task, algorithm="sac" if is_sac else "ppo", seed=config.seed, total_timesteps=total,
        num_envs=config.num_envs, device="cpu", pid=PID, hostname=HOST,
    )  # fmt: skip
    yield story.began, StatusChanged(status=Status.RUNNING)
    best = best_step = 0
    for index in range(1, NUM_POINTS + 1):
        ago = story.began + (story.ended - story.began) * index / NUM_POINTS
        step = round(total * story.part * index / NUM_POINTS)
        mean = _return(story, index)
        yield ago, Episodes(step=step, returns=[mean], lengths=[round(mean) + 40])
        yield ago, Metrics(step=step, values={**_values(mean, index, is_sac=is_sac), **story.odd})
        if index % 10 == 0:
            is_best = mean > best
            best, best_step = (mean, step) if is_best else (best, best_step)
            yield ago, EvaluationDone(
                step=step, episodes=10, return_mean=mean, return_std=31.0, return_ci95=22.2, length_mean=500.0,
                is_best=is_best, best_return_mean=best, best_step=best_step, duration_s=2.4,
            )  # fmt: skip
            path = f"checkpoints/{step:09d}"
            yield (
                ago,
                CheckpointSaved(step=step, path=path, reason="evaluation", size_bytes=1_240_000, duration_s=0.031),
            )
    if story.part == 1.0:
        yield _end(story.ended, EndReason.COMPLETED, "All timesteps are trained.", total)


def _return(story: Story, index: int) -> float:
    """Return a curve that rises, flattens and wavers; another one for each seed."""
    part, seed = story.part * index / NUM_POINTS, story.config.seed
    return round(
        story.top * (1 - math.exp(-4 * part)) + 9 * math.sin(1.7 * index + seed) + 5 * math.cos(0.6 * index), 3
    )


def _values(mean: float, index: int, *, is_sac: bool) -> dict[str, float | None]:
    wave, part = math.sin(0.9 * index), index / NUM_POINTS
    off_policy = {"train/critic_loss": 4 - 3 * part, "train/actor_loss": -20 * part, "train/ent_coef": 0.4 - 0.3 * part}
    on_policy = {
        "train/approx_kl": 0.012 + 0.004 * wave,
        "train/clip_fraction": 0.14 + 0.05 * wave,
        "train/entropy_loss": -9.5 + 4 * part,
        "train/explained_variance": 0.9 * part + 0.04 * wave,
        "train/policy_gradient_loss": -0.011 + 0.002 * wave,
        "train/value_loss": 30 - 22 * part + wave,
        "train/std": 0.9 - 0.4 * part,
    }
    values: dict[str, float] = {
        "rollout/ep_rew_mean": mean,
        "rollout/ep_len_mean": mean + 40,
        "time/steps_per_second": 640 + 20 * wave,
        "train/learning_rate": 3e-4,
        **(off_policy if is_sac else on_policy),
        "reward/alive": 0.4 * mean,
        "reward/progress": 0.9 * mean,
        "reward/electricity": -0.25 * mean,
        "reward/joints_at_limit": -0.05 * mean,
        "termination/fell": 0.9 - 0.6 * part,
        "termination/time_limit": 0.1 + 0.6 * part,
        "phase/simulate": 0.46,
        "phase/act": 0.12,
        "phase/learn": 0.34,
        "phase/wait": 0.05,
        "phase/other": 0.03,
        "sampling/efficiency": 0.71,
        "host/cpu_percent": 83.0,
        "host/memory_percent": 41.0,
        "host/memory_bytes": 13.1 * 2**30,
    }
    # Rounded: the last digits of sines are not the same on every machine.
    return {name: round(value, 6) for name, value in values.items()}


def _hang(run: RunDir) -> None:
    """Let the engine beat without a step."""
    beat = Heartbeat(time=NOW - 1, step=240_000, pid=PID, stepped_at=NOW - 300)
    run.heartbeat.write_bytes(msgspec.json.encode(beat))


def _lose(run: RunDir) -> None:
    """Let the engine be on a machine that is not heard of any more."""
    holder = Holder(pid=PID, process_started=0.0, hostname="gpu-box", boot_id="another")
    beat = Heartbeat(time=NOW - 45, step=240_000, pid=PID, stepped_at=NOW - 45)
    run.lock_file.write_bytes(msgspec.json.encode(holder))
    run.heartbeat.write_bytes(msgspec.json.encode(beat))
