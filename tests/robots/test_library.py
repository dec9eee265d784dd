"""Every term has a name, a group and a sentence, and its parameters can be read from YAML."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import robots.terms
from robots.declared_terms import KINDS, parameters_of, read_term
from robots.errors import TaskDefinitionError
from robots.state import State
from robots.term_specs import CURRICULUM_PARAMETERS, GROUPS, START_PARAMETERS, STATE_PARAMETERS
from robots.terms.families import HELPERS
from robots.terms.library import find_term, public_functions, register_term, terms_of

NO_TERMS = {"robots.terms.library", "robots.terms.families", "robots.terms.sampling"}
MODULES = [
    importlib.import_module(f"robots.terms.{found.name}")
    for found in pkgutil.iter_modules(robots.terms.__path__)
    if f"robots.terms.{found.name}" not in NO_TERMS
]
TERMS = [(group, name, function) for group in GROUPS for name, function in terms_of(group).items()]
LEADING = {
    "observations": STATE_PARAMETERS,
    "rewards": STATE_PARAMETERS,
    "terminations": STATE_PARAMETERS,
    "curriculum": CURRICULUM_PARAMETERS,
}
each_term = pytest.mark.parametrize(
    ("group", "name", "function"), TERMS, ids=[f"{term[0]}.{term[1]}" for term in TERMS]
)


def a_term(state: State) -> np.ndarray:
    return np.ones(len(state.flat))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_public_function_is_a_term_or_a_helper(module: ModuleType) -> None:
    functions = set(public_functions(module))
    terms = {function for _, _, function in TERMS}
    assert functions - terms - HELPERS == set()
    assert terms & HELPERS == set()


@each_term
def test_a_term_takes_what_its_group_gives(group: str, name: str, function: Callable[..., Any]) -> None:
    leading = LEADING.get(group, START_PARAMETERS)
    assert tuple(inspect.signature(function).parameters)[: len(leading)] == leading


@each_term
def test_a_term_says_in_one_sentence_what_it_is(group: str, name: str, function: Callable[..., Any]) -> None:
    first = (inspect.getdoc(function) or "").split("\n\n")[0].strip()
    assert first
    assert first.replace("\n", " ").endswith(".")


@each_term
def test_a_wrong_value_of_each_parameter_is_refused(group: str, name: str, function: Callable[..., Any]) -> None:
    for parameter in parameters_of(function):
        with pytest.raises(TaskDefinitionError, match=rf"^here\.{parameter}[ :.]"):
            read_term(group, name, {parameter: object()}, "here")


def test_there_is_a_kind_of_term_for_each_group() -> None:
    assert set(KINDS) == set(GROUPS)


@pytest.mark.usefixtures("no_plugins_stay")
def test_a_plug_in_adds_a_term_under_a_name_that_is_free() -> None:
    register_term("rewards", "stay", a_term)
    register_term("rewards", "stay", a_term)  # the same again, as when a plug-in is loaded twice
    assert find_term("rewards", "stay", "here") is a_term
    with pytest.raises(TaskDefinitionError, match=r"^alive: already a term of the group rewards"):
        register_term("rewards", "alive", a_term)
    with pytest.raises(TaskDefinitionError, match=r"^stay: group: got 'reward'; did you mean 'rewards'"):
        register_term("reward", "stay", a_term)
