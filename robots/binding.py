"""Ties the terms of a task to a loaded robot: names of joints and links become indices.

By convention a parameter called `joints` holds joint names, and `links` or `contact_links` hold link
names; each is a tuple of names or "all". Called once, by robots/mdp.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from robots.errors import TaskDefinitionError, suggest
from robots.simulation import Reads

if TYPE_CHECKING:
    from robots.spec import TaskSpec, Term
    from robots.state import RobotModel


def required_reads(task: TaskSpec) -> Reads:
    """Return what the task's terms need to be read from the simulation."""
    names = {name for term in task.terms().values() for name in inspect.signature(term.function).parameters}
    if "contact_links" in names and task.ground is None:
        raise TaskDefinitionError(f"{task.id}: ground: a term needs contacts with the ground; set `ground`")
    return Reads(link_positions="links" in names, link_contacts="contact_links" in names)


def bind(task: TaskSpec, model: RobotModel) -> dict[str, Callable[..., Any]]:
    """Return each term's function with its parameters set, under paths such as "rewards.alive".

    Raises TaskDefinitionError for a joint or link that the robot does not have.
    """
    return {path: _bind_term(f"{task.id}: {path}", term, model) for path, term in task.terms().items()}


def _bind_term(where: str, term: Term, model: RobotModel) -> Callable[..., Any]:
    params = dict(term.params)
    for name, parameter in inspect.signature(term.function).parameters.items():
        known = {"joints": model.joint_names, "links": model.link_names, "contact_links": model.link_names}
        if name in known:
            chosen = params.get(name, parameter.default)
            params[name] = _indices(f"{where}: {name}", chosen, known[name])
    return partial(term.function, **params)


def _indices(where: str, chosen: tuple[str, ...] | str, known: tuple[str, ...]) -> slice | list[int]:
    if chosen == "all":
        return slice(None)
    if isinstance(chosen, str):
        raise TaskDefinitionError(f'{where}: must be a tuple of names or "all"; got {chosen!r}')
    if not chosen:
        raise TaskDefinitionError(f"{where}: names nothing{suggest('', known)}")
    for name in chosen:
        if name not in known:
            raise TaskDefinitionError(f"{where}: the robot has no {name!r}{suggest(name, known)}")
    indices = [known.index(name) for name in chosen]
    if indices == list(range(indices[0], indices[0] + len(indices))):
        return slice(indices[0], indices[0] + len(indices))  # numpy reads a slice without a copy
    return indices
