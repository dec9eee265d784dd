"""A task with other randomisation, disturbances or curricula than its own, as a run's configuration asks for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from robots.declared_terms import TERM, change_term, read_term
from robots.errors import TaskDefinitionError, suggest
from robots.fields import as_mapping
from robots.spec import TaskSpec
from robots.terms.library import terms_of

Changes = Mapping[str, Mapping[str, Any] | None]
"""By name of the term: its parameters and own keys; None leaves it out."""


def with_terms(task: TaskSpec, *, randomizations: Changes, disturbances: Changes, curriculum: Changes) -> TaskSpec:
    """Return the task with the named terms added, changed or left out.

    A term that the task has keeps what its changes do not mention. One that it does not have is the function of that
    name in the library, or the one that the key `term` names. Raises TaskDefinitionError.
    """
    return dataclasses.replace(
        task,
        randomizations=_changed(task, "randomizations", randomizations),
        disturbances=_changed(task, "disturbances", disturbances),
        curriculum=_changed(task, "curriculum", curriculum),
    )


def _changed(task: TaskSpec, group: str, changes: Changes) -> dict[str, Any]:
    terms = dict(getattr(task, group))
    for name, raw in changes.items():
        where = f"{task.id}: {group}.{name}"
        is_named = TERM in as_mapping(raw, where)
        if raw is None:
            if name not in terms:
                raise TaskDefinitionError(f"{where}: the task has none of that name{suggest(name, terms)}")
            del terms[name]
        elif name in terms and not is_named:
            terms[name] = change_term(group, terms[name], raw, where)
        elif not is_named and name not in terms_of(group):
            known = dict.fromkeys((*terms, *terms_of(group)))
            raise TaskDefinitionError(f"{where}: no such term{suggest(name, known)}")
        else:
            terms[name] = read_term(group, name, raw, where)
    return terms
