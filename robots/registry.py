"""Every task by its id, as data: listing tasks imports neither physics nor numpy.

The built-in entries are in robots/catalogue/, a module for each family. Called by everyone who offers or needs a task.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from robots.catalogue import classic, legged, manipulation, navigation
from robots.catalogue.entry import ParamValue, TaskEntry
from robots.errors import TaskDefinitionError, UnknownTaskError, suggest

if TYPE_CHECKING:
    from robots.spec import TaskSpec

TASKS: dict[str, TaskEntry] = {}


def register(entry: TaskEntry) -> None:
    """Add a task. Raises TaskDefinitionError when its id is taken."""
    if entry.id in TASKS:
        raise TaskDefinitionError(
            f"{entry.id}: id: already registered for {TASKS[entry.id].factory}; choose another id for {entry.factory}"
        )
    TASKS[entry.id] = entry


def task_ids() -> list[str]:
    """Return the ids in the order of registration."""
    return list(TASKS)


def find_task(task_id: str) -> TaskEntry:
    """Return the entry of a task. Raises UnknownTaskError."""
    if task_id not in TASKS:
        raise UnknownTaskError(f"{task_id or '(no name)'}: no such task{_remedy(task_id)}")
    return TASKS[task_id]


def _remedy(task_id: str) -> str:
    if task_id.startswith("gym:"):
        return "; it is another package's environment, which `rlrobo train` takes."
    if task_id.endswith((".urdf", ".xml")):
        return f" but a model; `rlrobo robots new {task_id}` writes a task for it."
    if task_id and Path(f"{task_id}.yaml").is_file():
        return f"; did you mean the file {task_id}.yaml?"
    return suggest(task_id, TASKS)


def load_task(task_id: str, params: Mapping[str, ParamValue] | None = None) -> TaskSpec:
    """Import the task's module and build its specification.

    Raises UnknownTaskError, and TaskDefinitionError for a parameter that the task does not have or allow.
    """
    entry = find_task(task_id)
    chosen = check_params(entry, params or {})
    module_name, function_name = entry.factory.split(":")
    return getattr(importlib.import_module(module_name), function_name)(**chosen)


def check_params(entry: TaskEntry, params: Mapping[str, ParamValue]) -> dict[str, ParamValue]:
    """Return the parameters as the factory takes them. Raises TaskDefinitionError."""
    known = {param.name: param for param in entry.params}
    checked: dict[str, ParamValue] = {}
    for name, value in params.items():
        where = f"{entry.id}: task_params.{name}"
        if name not in known:
            raise TaskDefinitionError(f"{where}: unknown parameter{suggest(name, known)}")
        param = known[name]
        if param.choices and value not in param.choices:
            raise TaskDefinitionError(
                f"{where}: got {value!r}; allowed: {', '.join(str(choice) for choice in param.choices)}."
            )
        is_number = isinstance(param.default, float) and isinstance(value, int) and not isinstance(value, bool)
        if type(value) is not type(param.default) and not is_number:
            raise TaskDefinitionError(f"{where}: expected {type(param.default).__name__}, got {value!r}")
        checked[name] = float(value) if is_number else value
    return checked


for _entry in (*classic.ENTRIES, *legged.ENTRIES, *manipulation.ENTRIES, *navigation.ENTRIES):
    register(_entry)
