"""What a term of a task is: a top-level function and its parameters, for each group of terms.

robots/spec.py makes tasks of them; robots/terms/ has the functions. Imports no physics and no numpy.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from robots.errors import TaskDefinitionError, suggest

if TYPE_CHECKING:
    import numpy as np

STATE_PARAMETERS = ("state",)
START_PARAMETERS = ("start", "rngs")
CURRICULUM_PARAMETERS = ("ended",)
LEVEL = "level"
"""A start term with a parameter of this name gets (num_rows,) numbers in 0..1 at each call, never from `params`."""


@dataclass(frozen=True, kw_only=True)
class ObservationTerm:
    """A part of the observation: function(state, **params) -> (num_envs, dim)."""

    function: Callable[..., np.ndarray]
    params: Mapping[str, Any] = field(default_factory=dict)
    scale: float = 1.0
    clip: tuple[float, float] = (-100.0, 100.0)
    """Bounds after scaling; chosen: legged_gym's clip_observations."""
    elements: tuple[str, ...] = ()
    """Name and unit of each element for the documentation; empty: taken from the function's docstring."""


@dataclass(frozen=True, kw_only=True)
class RewardTerm:
    """A part of the reward: weight * function(state, **params), of shape (num_envs,)."""

    function: Callable[..., np.ndarray]
    weight: float
    """Carries the sign; nothing else scales the term."""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TerminationTerm:
    """A reason to end the episode: function(state, **params) -> (num_envs,) of bool."""

    function: Callable[..., np.ndarray]
    params: Mapping[str, Any] = field(default_factory=dict)
    truncates: bool = False
    """The MDP goes on, only we stop looking; as with the time limit."""


@dataclass(frozen=True, kw_only=True)
class SuccessTerm:
    """Whether the task is done: function(state, **params) -> (num_envs,) of bool.

    An episode succeeds if it is true in its last state.
    """

    function: Callable[..., np.ndarray]
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _StartTerm:
    """Changes rows of a Start in place, with one generator for each row: function(start, rngs, **params)."""

    function: Callable[..., Any]
    params: Mapping[str, Any] = field(default_factory=dict)
    curriculum: str | None = None
    """Curriculum whose level the function gets as `level`, (num_rows,) in 0..1; without one it gets 1."""


@dataclass(frozen=True, kw_only=True)
class ResetTerm(_StartTerm):
    """Where an episode begins; resets run in their order, before commands."""


@dataclass(frozen=True, kw_only=True)
class CommandTerm(_StartTerm):
    """What the robot is asked to do: function(start, rngs, **params) -> (num_rows, dim), kept in State.command.

    Called after the resets, whose result it may read; and again in an episode where `resample_s` says so, with a start
    that holds the present state.
    """

    size: int
    """dim."""
    resample_s: tuple[float, float] | None = None
    """Shortest and longest time between two draws; None: one for each episode."""


@dataclass(frozen=True, kw_only=True)
class RandomizationTerm(_StartTerm):
    """What varies for robustness, not for the task; runs after commands and writes start.dynamics or the pose.

    The function returns what it drew, (num_rows,), for the log, or None.
    """


@dataclass(frozen=True, kw_only=True)
class DisturbanceTerm(_StartTerm):
    """A push in the middle of an episode: the start holds the present state; its velocities are put into effect."""

    interval_s: tuple[float, float]
    """Shortest and longest time between two pushes."""


@dataclass(frozen=True, kw_only=True)
class CurriculumTerm:
    """How hard training is: a level in 0..1 for each environment, which start terms read by this term's name.

    function(ended, **params) -> (num_rows,) by how much the levels of the environments change whose episodes ended
    (robots/curriculum.py). Evaluation and replay always play at level 1, which is the task itself.
    """

    function: Callable[..., np.ndarray]
    params: Mapping[str, Any] = field(default_factory=dict)
    start: float = 0.0
    """Level at the beginning of training."""


Term = (
    ObservationTerm
    | RewardTerm
    | TerminationTerm
    | SuccessTerm
    | ResetTerm
    | CommandTerm
    | RandomizationTerm
    | DisturbanceTerm
    | CurriculumTerm
)
GROUPS = (
    "observations", "rewards", "terminations", "resets", "commands", "randomizations", "disturbances", "curriculum",
)  # fmt: skip


def check_term(where: str, term: Term, *, curricula: tuple[str, ...]) -> None:
    """Check a term's function, its parameters and its numbers; `curricula` are the task's.

    Raises TaskDefinitionError, which begins with `where`.
    """
    if not inspect.isfunction(term.function) or "<" in term.function.__qualname__:
        raise TaskDefinitionError(f"{where}: function: a term is a top-level function; got {term.function!r}")
    leading = _leading_parameters(term)
    signature = inspect.signature(term.function).parameters
    if tuple(signature)[: len(leading)] != leading:
        raise TaskDefinitionError(f"{where}: function: its first parameters must be {', '.join(leading)}")
    allowed = [name for name in signature if name not in leading and name != LEVEL]
    for name in term.params:
        if name not in allowed:
            raise TaskDefinitionError(f"{where}: unknown parameter {name!r}{suggest(name, allowed)}")
    for name in allowed:
        if name not in term.params and signature[name].default is inspect.Parameter.empty:
            raise TaskDefinitionError(f"{where}: parameter {name!r} is missing")
    if isinstance(term, CurriculumTerm) and not 0.0 <= term.start <= 1.0:
        raise TaskDefinitionError(f"{where}: start: got {term.start:g}; must be between 0 and 1")
    if isinstance(term, _StartTerm):
        _check_start_term(where, term, has_level=LEVEL in signature, curricula=curricula)


def _leading_parameters(term: Term) -> tuple[str, ...]:
    if isinstance(term, _StartTerm):
        return START_PARAMETERS
    return CURRICULUM_PARAMETERS if isinstance(term, CurriculumTerm) else STATE_PARAMETERS


def _check_start_term(where: str, term: _StartTerm, *, has_level: bool, curricula: tuple[str, ...]) -> None:
    if term.curriculum is not None and term.curriculum not in curricula:
        raise TaskDefinitionError(
            f"{where}: curriculum: no such term {term.curriculum!r}{suggest(term.curriculum, curricula)}"
        )
    if term.curriculum is not None and not has_level:
        raise TaskDefinitionError(f"{where}: curriculum: {term.function.__name__} has no parameter `{LEVEL}`")
    times = getattr(term, "interval_s", None) or getattr(term, "resample_s", None)
    if times is not None and not 0 < times[0] <= times[1]:
        raise TaskDefinitionError(f"{where}: interval: needs 0 < shortest <= longest; got {times}")
