"""Sizes and lengths of the task of a run or a configuration, without loading physics into this process."""

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec

from engine.protocol.config import RunConfig
from engine.protocol.run_dir import RunDir
from engine.protocol.settings import read_settings
from engine.protocol.task_facts import TaskFacts, read_facts
from rlrobo_tui.commands.child import run_child
from rlrobo_tui.console import narrate
from robots.catalogue.entry import TaskEntry
from robots.registry import TASKS, check_params, find_task

# Where this package is installed; Python looks for modules in the working directory first.
_ROOT = Path(__file__).parents[2]
LOAD_TIME_LIMIT_S = 120.0
"""chosen: PyBullet loads the largest model of its own in seconds; a task that waits for something never ends."""


def facts_for(config: RunConfig, *, folder: Path = _ROOT) -> TaskFacts:
    """Return the facts of the task of `config`, whose relative paths are below `folder`.

    A registered task is looked up; anything else is loaded in a child. Raises UnknownTaskError, TaskDefinitionError and
    ChildError.
    """
    if (facts := registered_facts(config, folder=folder)) is not None:
        return facts
    text = json.dumps(msgspec.to_builtins(config))
    output = run_child(
        "engine.describe",
        [str(folder.absolute()), text],
        working_directory=_ROOT,
        listen=lambda _: None,
        time_limit_s=LOAD_TIME_LIMIT_S,
    )
    return msgspec.json.decode(output, type=TaskFacts)


def registered_facts(config: RunConfig, *, folder: Path = _ROOT) -> TaskFacts | None:
    """Return what the registry says of the task; None where it has to be loaded. Raises as facts_for does."""
    if config.is_robot_file or config.is_gym:
        return None
    if config.task not in TASKS:
        offer_plugins(config.task, [folder / name for name in config.plugins])
    entry = find_task(config.task)
    check_params(entry, config.task_params)
    return None if config.changes_terms or config.task_params else facts_of_entry(entry)


def facts_of(run: RunDir) -> TaskFacts | None:
    """Return the facts that a run keeps, or those of the task registered under its name; None where nobody knows."""
    if (facts := read_facts(run.facts)) is not None:
        return facts
    entry = TASKS.get(run.read_config().task)
    return facts_of_entry(entry) if entry else None


def facts_of_entry(entry: TaskEntry) -> TaskFacts:
    """Return what an entry of the registry says."""
    return TaskFacts(
        id=entry.id,
        robot=entry.robot,
        summary=entry.summary,
        origin=entry.origin,
        observation_size=entry.observation_size,
        action_size=entry.action_size,
        goal_size=entry.goal_size,
        has_success=entry.has_success,
        max_episode_steps=entry.max_episode_steps,
        control_dt_s=entry.control_dt_s,
        solved_return=entry.solved_return,
        random_return=entry.random_return,
    )


def offer_plugins(task: str = "", files: Iterable[str | Path] = ()) -> None:
    """Load the installed plug-ins, those of RLROBO_PLUGINS and `files`, and name the broken ones.

    Not where `task` is known and there are no files: a built-in task pays nothing for plug-ins.
    """
    files = list(files)
    if task in TASKS and not files:
        return
    from robots.plugins import load_plugins

    for warning in load_plugins([*files, *read_settings().plugins]):
        narrate(f"rlrobo: {warning}")
