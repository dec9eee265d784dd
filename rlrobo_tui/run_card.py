"""What the form for a new run says about the choices: pages of styled text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from textual.content import Content

from engine.protocol.algorithms import ALGORITHMS, Linear, algorithm_name
from engine.protocol.config import RunConfig, timesteps_per_update, to_yaml
from engine.protocol.disk import in_words
from engine.protocol.presets import TUNED, preset_names, preset_words
from engine.protocol.task_facts import TaskFacts
from rlrobo_tui.commands.checks import Check, Verdict
from rlrobo_tui.commands.train_config import size_of
from rlrobo_tui.machine import Machine, device_of, memory_of, num_workers_of
from rlrobo_tui.quantities import count, count_of, duration, number
from rlrobo_tui.run_form import Answers
from rlrobo_tui.run_settings import Setting, flow, value_of
from rlrobo_tui.struct_docs import first_line
from robots.catalogue.entry import TaskEntry

NAME_COLUMNS = 12
MOST_NAMES = 2
"""Chosen: names of other runs that have room in a line."""
SIGNS = {Verdict.OK: ("✓", "$success"), Verdict.WARNING: ("!", "$warning"), Verdict.FAILURE: ("✗", "$error")}

Rows = list[tuple[str, str]]


@cache
def tuned_algorithms(task: str) -> tuple[str, ...]:
    """Return the algorithms that have settings for a task."""
    return tuple(name for name in ALGORITHMS if TUNED in preset_names(task, name))


def headline(config: RunConfig, answers: Answers) -> Content:
    """Return the run in one line."""
    parts = [
        *(["on Spot"] if answers.is_on_spot else []),
        f"{algorithm_name(config.algorithm).upper()} {answers.preset}",
        f"{count(config.total_timesteps)} timesteps",
        f"{count_of(config.num_envs, 'environment')}",
        f"seed {config.seed}",
    ]
    changed = len(answers.settings) + bool(answers.overrides)
    parts += [f"{count_of(changed, 'change')}"] if changed else []
    return Content.assemble((config.task_name, "$accent bold"), *(f" · {part}" for part in parts))


def card(config: RunConfig, answers: Answers, facts: TaskFacts | None, machine: Machine | None) -> Content:
    """Return the run as a list, with what it takes; of a rented machine nobody knows what it has."""
    machine = None if answers.is_on_spot else machine
    num_steps = timesteps_per_update(config)
    every = config.evaluation.every_timesteps
    rows = [
        ("robot", config.task_name),
        ("algorithm", f"{algorithm_name(config.algorithm).upper()}, {answers.preset}"),
        ("timesteps", f"{count(config.total_timesteps)}, seed {config.seed}"),
        ("update", f"every {count(num_steps)} timestep{'' if num_steps == 1 else 's'}"),
        ("evaluation", f"every {count(every)}, {config.evaluation.episodes} episodes" if every else "none"),
        *([("place", "Spot, a rented machine")] if answers.is_on_spot else []),
        ("envs", _envs(config, machine)),
        ("device", _device(config, machine)),
        *_sizes(config, facts, machine),
    ]
    changes = [(key, value) for key, value in answers.settings.items()]
    heading = [Content(""), Content.styled("changed from the preset", "$muted")] if changes else []
    return Content("\n").join([*table(rows), *heading, *table(changes, width=0)])


def task_page(entry: TaskEntry) -> Content:
    """Return what is known of a registered task."""
    rows = [
        ("robot", f"{entry.robot}, {entry.family}"),
        ("observation", f"{count_of(entry.observation_size, 'number')}{_goal(entry)}"),
        ("action", count_of(entry.action_size, "number")),
        ("episode", _episode(entry)),
        ("random", f"return {entry.random_return:g}"),
        ("solved from", f"return {entry.solved_return:g}"),
        ("tuned for", ", ".join(name.upper() for name in tuned_algorithms(entry.id)) or "no algorithm yet"),
        *((f"{param.name}", f"{flow(param.default)}; {_choices(param.choices)}") for param in entry.params),
    ]
    if entry.origin:
        rows.append(("plug-in", entry.origin))
    return Content("\n").join([Content(entry.summary), Content(""), *table(rows)])


def preset_page(config: RunConfig, answers: Answers) -> Content:
    """Return what an algorithm is, what its preset is for, and the settings that matter most."""
    name = algorithm_name(config.algorithm)
    rows = [(key, _short(getattr(config.algorithm, key))) for key in KEY_SETTINGS if hasattr(config.algorithm, key)]
    return Content("\n").join(
        [
            Content.assemble((name.upper(), "$accent bold"), " ", (first_line(ALGORITHMS[name]), "$foreground")),
            Content(""),
            Content.assemble((answers.preset, "$accent bold"), " ", preset_words(answers.target, name, answers.preset)),
            Content(""),
            *table(rows, width=18),
        ]
    )


def setting_page(setting: Setting, config: RunConfig) -> Content:
    """Return what a setting means, is and may be."""
    rows = [
        ("now", flow(value_of(config, setting.key))),
        ("default", setting.default),
        ("allowed", setting.allowed),
        ("while training", "rlrobo set changes it" if setting.is_live else "stays as it is"),
    ]
    return Content("\n").join(
        [Content.styled(setting.key, "$accent bold"), Content(setting.meaning), Content(""), *table(rows, width=16)]
    )


def machine_page(config: RunConfig, machine: Machine) -> Content:
    """Return what this machine has, and what the run makes of it."""
    rows = [
        ("processors", f"{count_of(machine.num_cpus, 'core')}, load {machine.load:.1f}"),
        ("memory", f"{in_words(machine.free_memory_bytes)} free of {in_words(machine.memory_bytes)}"),
        ("disk", f"{in_words(machine.free_disk_bytes)} free for runs"),
        ("GPU", machine.gpu or "none seen"),
        ("training now", _named(machine.training) or "no other run"),
    ]
    workers = num_workers_of(config, machine.num_cpus)
    use = "the process that learns simulates, too" if workers == 1 else f"{workers} processes simulate for it"
    return Content("\n").join([*table(rows, width=14), Content(""), Content(f"On {_device(config, machine)}; {use}.")])


def spot_page() -> Content:
    """Return what happens to a run on a rented machine."""
    return Content("\n").join(
        [
            Content("AWS sells spare machines below their price, and may take them back."),
            Content(""),
            *_points(
                "Prices and quotas are looked at before anything is launched.",
                "The instance is one of many types of one size (auto).",
                "When AWS takes it back, the next one goes on from the last checkpoint.",
                "It ends by itself at these limits, whatever happens.",
                "The run is in the list, and on the Cloud page (key 5).",
            ),
            Content(""),
            Content.assemble("Once before: ", ("rlrobo cloud deploy", "$success")),
        ]
    )


def speed_page(speed: dict[str, Any], config: RunConfig, machine: Machine) -> Content:
    """Return what `rlrobo bench sim` measured, as a bound on training."""
    workers = num_workers_of(config, machine.num_cpus)
    rate = speed["ours"] * min(workers, machine.num_cpus)
    least_s = config.total_timesteps / rate
    whole = f": {count(rate)} on {workers} processes" if workers > 1 else ""
    return Content.assemble(
        (f"{count(speed['ours'])} steps/s on one core", "$success bold"),
        f", simulation alone{whole}. "
        f"{count(config.total_timesteps)} timesteps take {duration(least_s)} or more: updates come on top.",
    )


def checks_page(checks: list[Check]) -> Content:
    """Return what was looked at, each with its sign and, if need be, what to do."""
    lines: list[Content] = []
    for check in checks:
        sign, color = SIGNS[check.verdict]
        lines.append(
            Content.assemble((f"{sign} ", f"{color} bold"), (check.name.ljust(NAME_COLUMNS), "$muted"), check.seen)
        )
        if check.fix:
            lines.append(Content.assemble(" " * (NAME_COLUMNS + 2), (check.fix, color)))
    return Content("\n").join(lines)


def yaml_page(config: RunConfig, command: str) -> Content:
    """Return the command and what config.yaml is going to hold."""
    lines = [
        Content.assemble((key, "$primary"), (":" + rest, "$foreground")) if mark else Content(line)
        for line in to_yaml(config).rstrip().splitlines()
        for key, mark, rest in [line.partition(":")]
    ]
    return Content("\n").join([Content.styled(f"$ {command}", "$success"), Content(""), *lines])


def table(rows: Rows, *, width: int = NAME_COLUMNS) -> list[Content]:
    """Return one line for each name and value."""
    width = max([width, *(len(name) + 2 for name, _ in rows)])
    return [Content.assemble((name.ljust(width), "$muted"), value) for name, value in rows]


KEY_SETTINGS = (
    "learning_rate", "n_steps", "batch_size", "n_epochs", "gamma", "gae_lambda", "clip_range", "ent_coef",
    "buffer_size", "learning_starts", "train_freq", "gradient_steps", "tau", "policy_delay",
)  # fmt: skip
"""Hyper-parameters worth a line before training starts; an algorithm has some of them."""


def _points(*sentences: str) -> list[Content]:
    return [Content.assemble(("· ", "$muted"), sentence) for sentence in sentences]


def _sizes(config: RunConfig, facts: TaskFacts | None, machine: Machine | None) -> Rows:
    if facts is None:
        return []
    size = in_words(size_of(config, facts).total_bytes)
    rows = [("disk", f"about {size}{f' of {in_words(machine.free_disk_bytes)} free' if machine else ''}")]
    if machine is not None:
        rows.append(("memory", f"about {in_words(memory_of(config, facts, machine.num_cpus))}"))
    return rows


def _named(runs: Sequence[str]) -> str:
    rest = [f"{len(runs) - MOST_NAMES} more"] if len(runs) > MOST_NAMES else []
    return ", ".join([*runs[:MOST_NAMES], *rest])


def _envs(config: RunConfig, machine: Machine | None) -> str:
    workers = num_workers_of(config, machine.num_cpus) if machine else 1
    return f"{config.num_envs}{f' in {workers} processes' if workers > 1 else ''}"


def _device(config: RunConfig, machine: Machine | None) -> str:
    if config.device != "auto" or machine is None:
        return config.device
    return f"{device_of(config, machine.gpu)} (auto)"


def _episode(entry: TaskEntry) -> str:
    success = ", which succeeds or fails" if entry.has_success else ""
    return f"up to {entry.episode_length_s:g} s, {entry.max_episode_steps} steps{success}"


def _goal(entry: TaskEntry) -> str:
    return f", with goals of {entry.goal_size}" if entry.goal_size else ""


def _choices(choices: tuple[object, ...]) -> str:
    return f"or {', '.join(flow(choice) for choice in choices)}" if choices else "any"


def _short(value: object) -> str:
    if isinstance(value, Linear):
        return f"{value.start:g} to {value.end:g}"
    if isinstance(value, float):
        return number(value)
    return count(value) if isinstance(value, int) and value >= 10_000 else str(value)
