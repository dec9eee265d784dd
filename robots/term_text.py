"""Say what the terms of the library are: names, parameters and meaning. Called by `rlrobo robots terms` and docs."""

from __future__ import annotations

import inspect
import typing
from dataclasses import dataclass

from robots.declared_terms import KINDS, NAMES, hints_of, own_keys, parameters_of
from robots.fields import in_words
from robots.task_text import first_sentence, value_text
from robots.terms.library import terms_of


@dataclass(frozen=True, kw_only=True)
class TermText:
    """One term."""

    group: str
    name: str
    """As a YAML file has it."""
    parameters: list[str]
    """"name" or "name=default"."""
    kinds: dict[str, str]
    """What each parameter is to be, in words."""
    meaning: str


def describe_terms(group: str) -> list[TermText]:
    """Return every term of a group."""
    return [_describe(group, name, function) for name, function in terms_of(group).items()]


def group_keys(group: str) -> list[str]:
    """Return the keys that every term of a group has besides its function's parameters."""
    return own_keys(KINDS[group])


def _describe(group: str, name: str, function: object) -> TermText:
    parameters = parameters_of(function)
    hints = hints_of(function)
    return TermText(
        group=group,
        name=name,
        parameters=[_signature(parameter) for parameter in parameters.values()],
        kinds={each: _kind(each, hints.get(each, typing.Any)) for each in parameters},
        meaning=first_sentence(function),
    )


def _signature(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return parameter.name
    return f"{parameter.name}={value_text(parameter.default)}"


def _kind(name: str, hint: object) -> str:
    if name in NAMES:
        return "a list of names, or all"
    return "the name of a command" if name == "command" else in_words(hint)
