"""How fast a task trains on an instance type: measured where a run has told, estimated from another machine otherwise.

speeds.json holds what was measured before release; real runs add to a file of the user's own, which counts more.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec
import platformdirs
from msgspec import Struct

from cloud.instance_types import InstanceFacts
from engine.protocol.algorithms import ON_POLICY, algorithm_name
from engine.protocol.events import Metrics
from engine.protocol.files import write_whole
from engine.protocol.json_lines import read_last_events
from engine.protocol.run_dir import RunDir

PARALLEL_SHARE = 0.43
"""Of the time of PPO, what more cores make shorter: sampling, 3,705 of 8,570 timesteps a second (docs/performance.md,
half_cheetah_run). The learner's part is not shorter on more cores, and off-policy algorithms are all learner."""
_SHIPPED = Path(__file__).with_name("speeds.json")
_METRIC = "time/steps_per_second"


class Speed(Struct, frozen=True, kw_only=True):
    """A measurement."""

    task: str
    algorithm: str
    """Short name, such as ppo."""
    instance_type: str
    """Empty: another machine than EC2's."""
    vcpus: int
    steps_per_second: float
    """Timesteps trained in a second of wall time, all environments together."""
    source: str = ""
    """Which run, or where it is written."""


class Expected(NamedTuple):
    """What may be expected."""

    steps_per_second: float
    is_measured: bool
    """Whether this task was trained on this very type; else it is an estimate from another machine."""


def expected_speed(facts: InstanceFacts, *, task: str, algorithm: str) -> Expected | None:
    """Return how fast a type will train; None where nobody has trained this task with this algorithm."""
    known = [speed for speed in known_speeds() if speed.task == task and speed.algorithm == algorithm]
    own = [speed for speed in known if speed.instance_type == facts.name]
    if own:
        return Expected(own[0].steps_per_second, True)
    if not known:
        return None
    nearest = min(known, key=lambda speed: abs(speed.vcpus - facts.vcpus))
    return Expected(_scaled(nearest, facts.vcpus), False)


def record_speed(speed: Speed) -> None:
    """Keep a measurement in place of the last one of this task, algorithm and type. Raises StorageError."""
    kept = [known for known in _read(_own_file()) if _subject(known) != _subject(speed)]
    _own_file().parent.mkdir(parents=True, exist_ok=True)
    write_whole(_own_file(), msgspec.json.format(msgspec.json.encode([speed, *kept])))


def speed_of(run: RunDir, *, instance_type: str, vcpus: int) -> Speed | None:
    """Return how fast a run was on a machine, by its last metrics; None where it has none. Raises ConfigError."""
    metrics = [event.values.get(_METRIC) for event in read_last_events(run.events) if isinstance(event, Metrics)]
    rates = [rate for rate in metrics if rate]
    if not rates:
        return None
    config = run.read_config()
    return Speed(
        task=config.task_name,
        algorithm=algorithm_name(config.algorithm),
        instance_type=instance_type,
        vcpus=vcpus,
        steps_per_second=round(median(rates), 1),
        source=run.id,
    )


def known_speeds() -> list[Speed]:
    """Return all measurements: the user's own first."""
    return [*_read(_own_file()), *_read(_SHIPPED)]


def _scaled(speed: Speed, vcpus: int) -> float:
    """Return the speed with another number of vCPUs (Amdahl's law)."""
    share = PARALLEL_SHARE if speed.algorithm in ON_POLICY else 0.0
    return speed.steps_per_second / (1 - share + share * speed.vcpus / vcpus)


def _subject(speed: Speed) -> Iterable[object]:
    return speed.task, speed.algorithm, speed.instance_type, speed.vcpus


def _own_file() -> Path:
    return platformdirs.user_data_path("rlrobo") / "speeds.json"


def _read(path: Path) -> list[Speed]:
    """Return what a file holds; one that is missing or was damaged holds nothing, for it only tells expectations."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Speed])
    except (FileNotFoundError, msgspec.DecodeError):
        return []
