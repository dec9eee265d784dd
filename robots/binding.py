"""Ties the terms of a task to a loaded robot: names in their parameters become indices.

By convention a parameter called `joints` holds joint names; `links`, `contact_links` and `collision_links` hold link
names; `frames` links whose frames are read; `objects` names of objects; `observations` names of observation terms. Each
is a tuple of names or "all". `command` is the name of one command. Called once, by robots/mdp.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from robots.errors import TaskDefinitionError, suggest
from robots.spec import RandomizationTerm
from robots.state import Reads

if TYPE_CHECKING:
    from robots.spec import TaskSpec, Term
    from robots.state import Indices, RobotModel

ALL = slice(None)


def required_reads(task: TaskSpec) -> Reads:
    """Return what the task's terms need to be read from the simulation."""
    names: set[str] = set()
    frames: dict[str, None] = {}
    for path, term in task.terms().items():
        signature = inspect.signature(term.function).parameters
        if "state" in signature:  # a start term that names links does not look where they are
            names |= set(signature)
        if "frames" in signature:
            chosen = term.params.get("frames", signature["frames"].default)
            if not isinstance(chosen, tuple) or not chosen:
                raise TaskDefinitionError(f"{task.id}: {path}: frames: must be a tuple of link names; got {chosen!r}")
            frames.update(dict.fromkeys(chosen))
    if "contact_links" in names and task.ground is None:
        raise TaskDefinitionError(f"{task.id}: ground: a term needs contacts with the ground; set `ground`")
    return Reads(
        link_positions="links" in names,
        link_contacts="contact_links" in names,
        link_collisions="collision_links" in names,
        frames=tuple(frames),
    )


def bind(task: TaskSpec, model: RobotModel, reads: Reads) -> dict[str, Callable[..., Any]]:
    """Return each term's function with its parameters set, under paths such as "rewards.alive".

    Parameters called `observations` are left to bind_observations. Raises TaskDefinitionError for a name that does not
    exist.
    """
    known: dict[str, tuple[str, ...]] = {
        "joints": model.joint_names,
        "links": model.link_names,
        "contact_links": model.link_names,
        "collision_links": model.link_names,
        "frames": reads.frames,
    }
    ends = np.cumsum([term.size for term in task.commands.values()]).tolist()
    commands = {
        name: slice(end - term.size, end) for (name, term), end in zip(task.commands.items(), ends, strict=True)
    }
    bound = {}
    for path, term in task.terms().items():
        # Start terms see every object, terms of the state all but ghosts, which have no state.
        objects = task.bodies if "state" in inspect.signature(term.function).parameters else task.objects
        names = {**known, "objects": tuple(each.name for each in objects)}
        bound[path] = _bind_term(f"{task.id}: {path}", term, names, commands)
    return bound


def bind_observations(
    task: TaskSpec, functions: Mapping[str, Callable[..., Any]], columns: Mapping[str, slice]
) -> dict[str, Callable[..., Any]]:
    """Return the functions with `observations` of randomisation terms turned into columns of the observation."""
    bound = dict(functions)
    for name, term in task.randomizations.items():
        path = f"randomizations.{name}"
        parameter = inspect.signature(term.function).parameters.get("observations")
        if parameter is None:
            continue
        chosen = term.params.get("observations", parameter.default)
        # Checks the names; what it returns are indices of terms.
        _indices(f"{task.id}: {path}: observations", chosen, tuple(columns))
        names = tuple(columns) if chosen == "all" else chosen
        numbers = [number for each in names for number in range(columns[each].start, columns[each].stop)]
        bound[path] = partial(functions[path], observations=np.array(numbers))
    return bound


def _bind_term(
    where: str, term: Term, known: Mapping[str, tuple[str, ...]], commands: Mapping[str, slice]
) -> Callable[..., Any]:
    params = dict(term.params)
    for name, parameter in inspect.signature(term.function).parameters.items():
        chosen = params.get(name, parameter.default)
        if name in known:
            params[name] = _indices(f"{where}: {name}", chosen, known[name])
        elif name == "command":
            if chosen not in commands:
                raise TaskDefinitionError(f"{where}: command: the task has no {chosen!r}{suggest(chosen, commands)}")
            params[name] = commands[chosen]
        elif name == "observations" and isinstance(term, RandomizationTerm):
            params.pop(name, None)
    return partial(term.function, **params)


def _indices(where: str, chosen: tuple[str, ...] | str, known: tuple[str, ...]) -> Indices:
    if isinstance(chosen, str) and chosen == "all" and known:
        return ALL
    if not known:
        raise TaskDefinitionError(f"{where}: the task has none; leave the term out")
    if not isinstance(chosen, tuple | list):
        raise TaskDefinitionError(f'{where}: must be a tuple of names or "all"; got {chosen!r}')
    if not chosen:
        raise TaskDefinitionError(f"{where}: names nothing{suggest('', known)}")
    for name in chosen:
        if name not in known:
            raise TaskDefinitionError(f"{where}: the robot has no {name!r}{suggest(name, known)}")
    indices = [known.index(name) for name in chosen]
    return _compact(tuple(indices))


@cache
def _compact(indices: tuple[int, ...]) -> slice | np.ndarray:
    """Return evenly spaced indices as a slice, which numpy reads without a copy; always the same object for them."""
    first, last = indices[0], indices[-1]
    step = indices[1] - first if len(indices) > 1 else 1
    stop = last + (1 if step > 0 else -1)
    if step and indices == tuple(range(first, stop, step)):
        return slice(first, stop if stop >= 0 else None, step)
    columns = np.array(indices)
    columns.flags.writeable = False
    return columns
