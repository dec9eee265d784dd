"""What the form for a new run means: its answers as a configuration, as a command line and as a page to review."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from textual.content import Content

from engine.protocol.algorithms import ALGORITHMS, Linear, algorithm_name
from engine.protocol.config import RunConfig, timesteps_per_update
from engine.protocol.disk import free_bytes, in_words
from engine.protocol.settings import Settings
from rlrobo_tui.commands.options import parse_count
from rlrobo_tui.commands.task_facts import facts_of_entry
from rlrobo_tui.commands.train_config import Request, resolve, size_of
from rlrobo_tui.quantities import count
from robots.catalogue.entry import TaskEntry
from robots.registry import find_task

KEY_SETTINGS = (
    "learning_rate", "n_steps", "batch_size", "n_epochs", "gamma", "gae_lambda", "clip_range", "ent_coef",
    "buffer_size", "learning_starts", "train_freq", "gradient_steps", "tau", "policy_delay",
)  # fmt: skip
"""Hyper-parameters worth a line before training starts; an algorithm has some of them."""
NAME_COLUMNS = 18


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the fields hold, as typed."""

    task: str
    algorithm: str
    preset: str
    device: str = ""
    steps: str = ""
    seed: str = ""
    overrides: str = ""
    """`key=value` texts, separated by commas."""


def resolve_answers(answers: Answers, settings: Settings) -> RunConfig:
    """Return the configuration that `rlrobo train` would make of the same answers.

    Raises ConfigError, UnknownNameError and UnknownTaskError.
    """
    request = Request(
        target=answers.task,
        algorithm=answers.algorithm,
        preset=answers.preset,
        assignments=tuple(_assignments(answers)),
    )
    return resolve(request, settings)


def command_line(answers: Answers) -> str:
    """Return the equal command for a shell."""
    words = ["rlrobo", "train", answers.task, "--algo", answers.algorithm, "--preset", answers.preset]
    for option, text in (("--device", answers.device), ("--steps", answers.steps), ("--seed", answers.seed)):
        words += [option, text] if text else []
    for assignment in split_overrides(answers.overrides):
        words += ["--set", assignment]
    return shlex.join(words)


def split_overrides(text: str) -> list[str]:
    """Split at commas that are not inside brackets: `a=1, net_arch=[64, 64]` has two parts."""
    parts = re.findall(r"(?:[^,\[\]{}]|\[[^\]]*\]|\{[^}]*\}|[\[\]{}])+", text)
    return [part.strip() for part in parts if part.strip()]


def review(config: RunConfig, command: str, runs_dir: Path) -> Content:
    """Return task, key settings and command as a page, and what the run takes of the disk of `runs_dir`."""
    task = find_task(config.task)
    algorithm, num_steps = config.algorithm, timesteps_per_update(config)
    facts = [
        ("robot", f"{task.robot}, {task.family}"),
        *_measured(config, task),
        ("episode", f"up to {task.episode_length_s:g} s{', which succeeds or fails' if task.has_success else ''}"),
    ]
    settings = [
        ("total_timesteps", count(config.total_timesteps)),
        ("num_envs", str(config.num_envs)),
        ("device, seed", f"{config.device}, {config.seed}"),
        ("an update each", f"{count(num_steps)} timestep{'' if num_steps == 1 else 's'}"),
        ("disk", _disk(config, runs_dir)),
        *((name, _value(getattr(algorithm, name))) for name in KEY_SETTINGS if hasattr(algorithm, name)),
    ]
    name = algorithm_name(algorithm)
    about = (ALGORITHMS[name].__doc__ or "").partition("\n")[0]
    return Content("\n").join(
        [
            Content.styled("$ " + command, "$primary bold"),
            Content(""),
            Content.styled(task.id, "$accent bold"),
            Content(task.summary),
            *_rows(facts),
            Content(""),
            Content.styled(name.upper(), "$accent bold"),
            Content(about),
            *_rows(settings),
        ]
    )


def _measured(config: RunConfig, task: TaskEntry) -> list[tuple[str, str]]:
    """Return what the registry knows of the task itself; a variant may have other sizes and returns."""
    if config.task_params or config.changes_terms:
        return []
    return [
        ("sizes", f"observation {task.observation_size}, action {task.action_size}"),
        ("solved from", f"return {task.solved_return:g} (random actions: {task.random_return:g})"),
    ]


def _assignments(answers: Answers) -> list[str]:
    given: list[str] = []
    if answers.steps:
        given.append(f"total_timesteps={parse_count(answers.steps, option='steps')}")
    if answers.seed:
        given.append(f"seed={answers.seed}")
    if answers.device:
        given.append(f"device={answers.device}")
    return [*given, *split_overrides(answers.overrides)]


def _disk(config: RunConfig, runs_dir: Path) -> str:
    facts = facts_of_entry(find_task(config.task))
    needed, free = size_of(config, facts).total_bytes, free_bytes(runs_dir)
    return f"about {in_words(needed)} of {in_words(free)} free{'' if needed <= free else '; it may not fit'}"


def _rows(facts: list[tuple[str, str]]) -> list[Content]:
    return [Content.assemble((name.ljust(NAME_COLUMNS), "$muted"), value) for name, value in facts]


def _value(value: object) -> str:
    if isinstance(value, Linear):
        return f"{value.start:g} to {value.end:g}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return count(value) if isinstance(value, int) and value >= 10_000 else f"{value:g}"
