"""Read the terms of a task from mappings, such as a robot's YAML file or a run's configuration holds.

A term is a mapping of its function's parameters; `term` names the function in robots/terms/library.py, else the term's
own name does, and a few keys belong to the group (a reward's `weight`). Called by robots/declared.py and
robots/variants.py.
"""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Mapping
from typing import Any

import numpy as np

from robots import state
from robots.curriculum import EndedEpisodes
from robots.errors import TaskDefinitionError, suggest
from robots.fields import as_mapping, below, read_value
from robots.term_specs import (
    LEVEL,
    CommandTerm,
    CurriculumTerm,
    DisturbanceTerm,
    ObservationTerm,
    RandomizationTerm,
    ResetTerm,
    RewardTerm,
    SuccessTerm,
    TerminationTerm,
)
from robots.terms.library import find_term

TERM = "term"
"""Key that names the function."""
KINDS: dict[str, type[Any]] = {
    "observations": ObservationTerm,
    "rewards": RewardTerm,
    "terminations": TerminationTerm,
    "resets": ResetTerm,
    "commands": CommandTerm,
    "randomizations": RandomizationTerm,
    "disturbances": DisturbanceTerm,
    "curriculum": CurriculumTerm,
}
NAMES = frozenset(("joints", "links", "contact_links", "collision_links", "frames", "objects", "observations"))
"""Parameters that hold names; robots/binding.py turns them into indices."""
_STATE_TYPES = {
    "np": np,
    "State": state.State,
    "Start": state.Start,
    "Indices": state.Indices,
    "EndedEpisodes": EndedEpisodes,
}
"""What annotations of terms name without importing it at run time."""


def read_group(group: str, raw: object, where: str) -> dict[str, Any]:
    """Return the terms of a group by name, in order. Raises TaskDefinitionError."""
    return {name: read_term(group, name, value, below(where, name)) for name, value in as_mapping(raw, where).items()}


def read_term(group: str, name: str, raw: object, where: str) -> Any:
    """Return one term of a group. Raises TaskDefinitionError."""
    return _read(KINDS[group], group, name, raw, where)


def change_term(group: str, term: Any, raw: object, where: str) -> Any:
    """Return a term of a group with what a mapping says changed; the rest stays. Raises TaskDefinitionError."""
    params, fields = _read_given(KINDS[group], term.function, as_mapping(raw, where), where)
    return dataclasses.replace(term, params={**term.params, **params}, **fields)


def read_success(raw: object, where: str) -> SuccessTerm:
    """Return what decides on success: a term of the terminations. Raises TaskDefinitionError."""
    return _read(SuccessTerm, "terminations", "", raw, where)


def own_keys(kind: type[Any]) -> list[str]:
    """Return the keys of a term's mapping that are not its function's parameters."""
    return [TERM, *(field.name for field in dataclasses.fields(kind) if field.name not in ("function", "params"))]


def parameters_of(function: Any) -> dict[str, inspect.Parameter]:
    """Return the parameters of a term's function that its task gives."""
    given = ("state", "start", "rngs", "ended", LEVEL)
    return {name: each for name, each in inspect.signature(function).parameters.items() if name not in given}


def hints_of(function: Any) -> dict[str, Any]:
    """Return the annotations of a term's function by parameter."""
    try:
        return typing.get_type_hints(function, localns=_STATE_TYPES)
    except NameError:  # a plug-in's term may name types that exist for type checkers only; then nothing is checked
        return {}


def _read(kind: type[Any], group: str, name: str, raw: object, where: str) -> Any:
    raw = as_mapping(raw, where)
    function = find_term(group, raw.get(TERM, name), below(where, TERM) if TERM in raw else where)
    params, fields = _read_given(kind, function, raw, where)
    _check_complete(kind, function, raw, where)
    return kind(function=function, params=params, **fields)


def _read_given(
    kind: type[Any], function: Any, raw: Mapping[str, Any], where: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return those of the function's parameters and of the term's own fields that `raw` has."""
    parameters, fields = parameters_of(function), own_keys(kind)[1:]
    for key in raw:
        if key not in (TERM, *fields, *parameters):
            allowed = suggest(key, [*parameters, *own_keys(kind)])
            raise TaskDefinitionError(f"{below(where, key)}: {function.__name__} has no such parameter{allowed}")
    return (
        _read_params(function, {key: raw[key] for key in raw if key in parameters}, where),
        _read_fields(kind, {key: raw[key] for key in raw if key in fields}, where),
    )


def _check_complete(kind: type[Any], function: Any, raw: Mapping[str, Any], where: str) -> None:
    for name, parameter in parameters_of(function).items():
        if parameter.default is inspect.Parameter.empty and name not in raw:
            raise TaskDefinitionError(f"{below(where, name)}: missing; {function.__name__} needs it")
    for field in dataclasses.fields(kind):
        is_required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if is_required and field.name not in ("function", *raw):
            raise TaskDefinitionError(f"{below(where, field.name)}: missing; a term of this group needs it")


def _read_params(function: Any, raw: Mapping[str, Any], where: str) -> dict[str, Any]:
    hints = hints_of(function)
    params: dict[str, Any] = {}
    for name, value in raw.items():
        at = f"{below(where, name)} (a parameter of {function.__name__})"
        if name in NAMES:
            params[name] = _read_names(value, at)
        else:
            params[name] = read_value(value, str if name == "command" else hints.get(name, Any), at)
    return params


def _read_names(value: object, where: str) -> str | tuple[str, ...]:
    if isinstance(value, str):
        return value if value == "all" else (value,)
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise TaskDefinitionError(f"{where}: expected a list of names, or all; got {value!r}")


def _read_fields(kind: type[Any], raw: Mapping[str, Any], where: str) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, localns={"np": np})  # term_specs.py imports no numpy
    return {name: read_value(value, hints[name], below(where, name)) for name, value in raw.items()}
