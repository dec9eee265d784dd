"""Every term by the name that a robot's YAML file gives it, for each group of terms.

A function of a general module goes by its own name, one made for a family of tasks has its module's before it, such as
`navigation.goal_progress`. Plug-ins add theirs with `register_term`. Called by robots/declared_terms.py.
"""

from __future__ import annotations

import inspect
from types import ModuleType

from robots.errors import TaskDefinitionError, suggest
from robots.term_specs import GROUPS
from robots.terms import curriculum, disturbances, observations, randomization, resets, rewards, terminations
from robots.terms.families import FAMILIES, Function

_GENERAL: dict[str, tuple[ModuleType, ...]] = {
    "observations": (observations,),
    "rewards": (rewards,),
    "terminations": (terminations,),
    "resets": (resets,),
    "randomizations": (randomization,),
    "disturbances": (disturbances,),
    "curriculum": (curriculum,),
}
"""Modules whose every public function is a term of one group."""


def register_term(group: str, name: str, function: Function) -> None:
    """Add a term of a plug-in. Raises TaskDefinitionError for a group that does not exist and a name that is taken."""
    if group not in GROUPS:
        raise TaskDefinitionError(f"{name}: group: got {group!r}{suggest(group, GROUPS)}")
    if name in _TERMS[group] and _TERMS[group][name] is not function:
        raise TaskDefinitionError(f"{name}: already a term of the group {group}; choose another name")
    _TERMS[group][name] = function
    _registered.append((group, name))


def num_registered() -> int:
    """Return how often a plug-in has added a term."""
    return len(_registered)


def forget_terms(num_kept: int) -> None:
    """Take back the terms that plug-ins added, but the first `num_kept`."""
    for group, name in _registered[num_kept:]:
        if (group, name) not in _registered[:num_kept]:
            _TERMS[group].pop(name, None)
    del _registered[num_kept:]


def find_term(group: str, name: object, where: str) -> Function:
    """Return the function of a term; `where` begins the error. Raises TaskDefinitionError."""
    terms = _TERMS[group]
    if name not in terms:
        raise TaskDefinitionError(f"{where}: no term {name!r} among the {group}{suggest(str(name), terms)}")
    return terms[str(name)]


def terms_of(group: str) -> dict[str, Function]:
    """Return every term of a group by its name."""
    return dict(_TERMS[group])


def public_functions(module: ModuleType) -> list[Function]:
    """Return the functions that a module defines for others, in their order."""
    return [
        function
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
    ]


def _collect() -> dict[str, dict[str, Function]]:
    found: dict[str, dict[str, Function]] = {group: {} for group in GROUPS}
    for group, modules in _GENERAL.items():
        for module in modules:
            found[group].update({function.__name__: function for function in public_functions(module)})
    for module, groups in FAMILIES.items():
        family = module.__name__.rpartition(".")[2]
        for group, functions in groups.items():
            found[group].update({f"{family}.{function.__name__}": function for function in functions})
    return found


_TERMS = _collect()
_registered: list[tuple[str, str]] = []
"""Group and name of plug-ins' terms, in order."""
