"""Runs to measure the app on: one with a long history, a folder full of short ones, one that goes on."""

from collections.abc import Iterator
from math import exp
from pathlib import Path

from engine.protocol.config import RunConfig
from engine.protocol.events import (
    Episodes,
    EvaluationDone,
    Event,
    Metrics,
    RunEnded,
    RunStarted,
    StatusChanged,
    encode_event,
)
from engine.protocol.provenance import Provenance
from engine.protocol.run_dir import RunDir, create_run
from engine.protocol.status import Status

TASK = "ant_walk"
TOTAL_TIMESTEPS = 100_000_000
STEPS_PER_EVENT = 1024
METRICS = {
    "rollout/ep_rew_mean": (0.0, 100.0), "rollout/ep_len_mean": (600.0, 60.0),
    "time/steps_per_second": (2000.0, 50.0), "time/fps": (2000.0, 50.0), "time/total_timesteps": (1e6, 0.0),
    "time/time_elapsed": (500.0, 0.0), "time/iterations": (60.0, 0.0), "train/learning_rate": (3e-4, 0.0),
    "train/entropy_loss": (-6.0, 0.1), "train/policy_gradient_loss": (-0.02, 0.005), "train/value_loss": (0.3, 0.1),
    "train/approx_kl": (0.01, 0.003), "train/clip_fraction": (0.1, 0.02), "train/loss": (0.2, 0.05),
    "train/explained_variance": (0.8, 0.1), "train/std": (0.6, 0.01), "train/n_updates": (600.0, 0.0),
    "train/clip_range": (0.2, 0.0), "reward/forward": (400.0, 40.0), "reward/alive": (300.0, 30.0),
    "reward/effort": (-60.0, 6.0), "reward/joint_limits": (-5.0, 1.0), "termination/fell": (0.2, 0.1),
    "termination/time_limit": (0.7, 0.1), "sampling/efficiency": (0.8, 0.02),
}  # fmt: skip
"""What PPO measures on a walking robot: least value and range of each."""
_NOWHERE = Provenance(
    command=["rlrobo", "train", TASK], working_directory="/", commit=None, is_dirty=None, python="", versions={},
    platform="", processor="", num_cpus=1, memory_bytes=1,
)  # fmt: skip
_STARTED_AT = 1_700_000_000.0
_SECONDS_PER_EVENT = 0.5


def make_long_run(runs_dir: Path, *, num_points: int) -> RunDir:
    """Make a run that has ended and whose metrics have so many values together."""
    num_events = num_points // len(METRICS)
    ended = RunEnded(step=num_events * STEPS_PER_EVENT, message="All timesteps are trained.")
    return _write(runs_dir, [*beginning(), *(metrics_of(index) for index in range(1, num_events + 1)), ended])


def make_many_runs(runs_dir: Path, *, num_runs: int) -> None:
    """Make runs that have ended, each with a hundred events."""
    for number in range(num_runs):
        step = 50 * STEPS_PER_EVENT
        evaluation = EvaluationDone(step=step, episodes=10, return_mean=float(number), is_best=True)
        middle = [event for index in range(1, 51) for event in (episodes_of(index), metrics_of(index))]
        _write(runs_dir, [*beginning(), *middle, evaluation, RunEnded(step=step, message="Over.")], seed=number)


def make_young_run(runs_dir: Path) -> RunDir:
    """Make a run that has just begun."""
    return _write(runs_dir, beginning())


def beginning() -> list[Event]:
    """Return the first events of a run."""
    started = RunStarted(
        task=TASK, algorithm="ppo", seed=1, total_timesteps=TOTAL_TIMESTEPS, num_envs=32, device="cpu", hostname="here"
    )
    return [started, StatusChanged(status=Status.RUNNING)]


def metrics_of(index: int) -> Metrics:
    """Return what is measured at the `index`-th moment: curves that rise, with some noise on them."""
    rise, noise = 1000.0 * (1.0 - exp(-index / 2000.0)), (index * 7919 % 101) / 101.0
    values: dict[str, float | None] = {name: least + noise * spread for name, (least, spread) in METRICS.items()}
    values["rollout/ep_rew_mean"] = rise + 100.0 * noise
    return Metrics(step=index * STEPS_PER_EVENT, values=values)


def episodes_of(index: int) -> Episodes:
    """Return the episodes that ended before the `index`-th moment."""
    noise = (index * 104_729 % 97) / 97.0
    return Episodes(
        step=index * STEPS_PER_EVENT,
        returns=[100.0 + noise, 90.0 - noise],
        lengths=[500, 400],
        terminations={"fell": 1, "time_limit": 1},
        reward_sums={"forward": 120.0 * noise, "alive": 50.0, "effort": -20.0 * noise},
    )


def _write(runs_dir: Path, events: list[Event], *, seed: int = 1) -> RunDir:
    config = RunConfig(task=TASK, total_timesteps=TOTAL_TIMESTEPS, seed=seed)
    run = create_run(runs_dir, config, _NOWHERE, clock=lambda: _STARTED_AT + seed)
    with run.events.open("wb") as file:
        file.writelines(_lines(events))
    return run


def _lines(events: list[Event]) -> Iterator[bytes]:
    import msgspec

    for number, event in enumerate(events, start=1):
        at = _STARTED_AT + number * _SECONDS_PER_EVENT
        yield encode_event(msgspec.structs.replace(event, seq=number, time=at))
