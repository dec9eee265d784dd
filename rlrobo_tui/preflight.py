"""What is looked at before a run starts: each check says what it saw and, if need be, what to do about it.

Pure: the form looks at the machine and the task beforehand. A failure keeps the run from starting; a warning does not.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from engine.protocol.config import RunConfig
from engine.protocol.disk import check_space, in_words
from engine.protocol.errors import RlroboError
from engine.protocol.run_dir import RunDir, list_runs, run_name
from engine.protocol.task_facts import TaskFacts
from rlrobo_tui.commands.checks import Check, Verdict
from rlrobo_tui.commands.packing import check_fit_of
from rlrobo_tui.commands.place import SpotRequest
from rlrobo_tui.commands.train_config import size_of
from rlrobo_tui.machine import Machine, device_of, memory_of, num_workers_of
from rlrobo_tui.quantities import count, count_of

FEW_EVALUATIONS = 3
"""Fewer leave no curve, and a poor choice of the best checkpoint; chosen."""
MANY_EVALUATIONS = 500
"""More take a core of their own; chosen."""


def preflight(
    config: RunConfig, facts: TaskFacts, machine: Machine, runs_dir: Path, spot: SpotRequest | None = None
) -> list[Check]:
    """Return what was found, in the order in which it is shown. On a rented machine, this one only keeps the files."""
    here = [
        check_device(config, machine),
        check_processors(config, machine),
        check_memory(config, facts, machine),
    ]
    return [
        check_task(config, facts),
        *check_updates(config),
        *([check_limits(spot)] if spot else here),
        check_disk(config, facts, machine, runs_dir),
        check_evaluation(config),
        check_plugins(config),
        check_names(config, list_runs(runs_dir)),
    ]


def check_task(config: RunConfig, facts: TaskFacts) -> Check:
    """The algorithm can learn the task."""
    try:
        check_fit_of(config, facts)
    except RlroboError as err:
        return _failure("task", str(err), "choose another algorithm, or change what it names")
    kind = "choice" if facts.has_choices else "action"
    return _ok("task", f"{count_of(facts.observation_size, 'observation')}, {count_of(facts.action_size, kind)}")


def check_updates(config: RunConfig) -> list[Check]:
    """Something is learned: an off-policy algorithm first fills its buffer. Returns nothing where that is so."""
    starts = getattr(config.algorithm, "learning_starts", 0)
    if starts < config.total_timesteps:
        return []
    seen = f"learning starts at {count(starts)} of {count(config.total_timesteps)} timesteps"
    return [_warning("updates", seen, "nothing is learned: train longer, or set a smaller learning_starts")]


def check_limits(spot: SpotRequest) -> Check:
    """What a rented machine costs is bounded."""
    seen = f"ends after {spot.limits} at the latest"
    if spot.max_price_total is None:
        return _warning("limits", seen, "set the dollars that it may cost at most, too")
    return _ok("limits", seen)


def check_device(config: RunConfig, machine: Machine) -> Check:
    """The wanted device is there."""
    device = device_of(config, machine.gpu)
    if device.startswith("cuda") and not machine.gpu:
        return _failure("device", f"{device} is wanted and no GPU is seen", "choose auto or cpu as the device")
    seen = machine.gpu if device.startswith("cuda") else "cpu"
    return _ok("device", f"{seen}{' (auto)' if config.device == 'auto' else ''}")


def check_processors(config: RunConfig, machine: Machine) -> Check:
    """Nobody else needs them."""
    workers = num_workers_of(config, machine.num_cpus)
    cores = count_of(machine.num_cpus, "core")
    if machine.training:
        others = count_of(len(machine.training), "other run")
        verb = "trains" if len(machine.training) == 1 else "train"
        fix = "all get slower; wait, or pause others: p in the list of runs"
        return _warning("cores", f"{others} {verb} on these {cores}", fix)
    if workers > machine.num_cpus:
        return _warning("cores", f"{workers} workers on {cores}", "take 0 workers: one for each core")
    if machine.load > machine.num_cpus:
        return _warning(
            "cores", f"load {machine.load:.1f} on {cores}", "other programs keep them busy; it trains slower"
        )
    return _ok("cores", f"{cores}, load {machine.load:.1f}")


def check_memory(config: RunConfig, facts: TaskFacts, machine: Machine) -> Check:
    """The run fits into main memory."""
    needed, free = memory_of(config, facts, machine.num_cpus), machine.free_memory_bytes
    seen = f"about {in_words(needed)} of {in_words(free)} free"
    if needed <= free:
        return _ok("memory", seen)
    has_buffer = hasattr(config.algorithm, "buffer_size")
    fix = f"close programs, or take fewer environments{' or a smaller buffer_size' if has_buffer else ''}"
    return _warning("memory", seen, fix)


def check_disk(config: RunConfig, facts: TaskFacts, machine: Machine, runs_dir: Path) -> Check:
    """The run fits on the disk."""
    size = size_of(config, facts)
    seen = f"about {in_words(size.total_bytes)} of {in_words(machine.free_disk_bytes)} free in {runs_dir}"
    try:
        warning = check_space(runs_dir, size)
    except RlroboError:
        fix = "free some space, set RLROBO_RUNS_DIR to another disk, or take a smaller buffer_size"
        return _failure("disk", seen, fix)
    return _warning("disk", seen, "free some space, or lower checkpoints.keep_last") if warning else _ok("disk", seen)


def check_evaluation(config: RunConfig) -> Check:
    """There will be a best checkpoint, and evaluation will not take more than training."""
    every, total = config.evaluation.every_timesteps, config.total_timesteps
    if not every:
        fix = "without it no checkpoint is the best; set evaluation.every_timesteps"
        return _warning("evaluation", "none", fix)
    times = total // every
    seen = f"every {count(every)} timesteps, {count_of(times, 'time')}, {config.evaluation.episodes} episodes each"
    if times < FEW_EVALUATIONS:
        return _warning("evaluation", seen, f"set evaluation.every_timesteps={max(1, total // 10)} for ten")
    if times > MANY_EVALUATIONS:
        return _warning("evaluation", seen, f"set evaluation.every_timesteps={total // 100} for a hundred")
    return _ok("evaluation", seen)


def check_plugins(config: RunConfig) -> Check:
    """What the task comes from can be copied into the run."""
    missing = [name for name in config.plugins if not Path(name).is_file()]
    if missing:
        return _failure("plug-ins", f"{missing[0]} is missing", "put it back, or unset it in RLROBO_PLUGINS")
    return _ok("plug-ins", ", ".join(Path(name).name for name in config.plugins) or "none needed")


def check_names(config: RunConfig, runs: list[RunDir]) -> Check:
    """No run repeats an older one unnoticed: names differ by their time alone."""
    name = run_name(config)
    same = [run for run in runs if run.id.endswith(f"-{name}")]
    if any(_repeats(config, run) for run in same):
        fix = "it would train the same again; choose another seed"
        return _warning("name", f"{name}: an older run is the same", fix)
    older = f", as {count_of(len(same), 'older run')} with other settings" if same else ""
    return _ok("name", name + older)


def _repeats(config: RunConfig, run: RunDir) -> bool:
    """Whether a run has the same configuration; its paths are its own."""
    try:
        other = run.read_config()
    except (RlroboError, OSError):
        return False
    return msgspec.structs.replace(other, task=config.task, plugins=config.plugins) == config


def _ok(name: str, seen: str) -> Check:
    return Check(name=name, verdict=Verdict.OK, seen=seen)


def _warning(name: str, seen: str, fix: str) -> Check:
    return Check(name=name, verdict=Verdict.WARNING, seen=seen, fix=fix)


def _failure(name: str, seen: str, fix: str) -> Check:
    return Check(name=name, verdict=Verdict.FAILURE, seen=seen, fix=fix)
