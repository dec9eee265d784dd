"""What can go wrong with a robot or a task. Every error of this package is one of these.

RobotError                  base; also raised when there is no display for a window
├── UnknownTaskError        a task id that is not registered
├── TaskDefinitionError     a task whose declaration cannot work; found when it is loaded
├── ModelFileError          a URDF, MJCF or SDF file that is missing or cannot be read
├── ContractError           a task that loads, but breaks what every task promises (robots/contract.py)
└── NonFiniteStateError     NaN or infinity in an action, observation or reward; found while stepping
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


class RobotError(Exception):
    """Base of every error that this package raises on purpose."""


class UnknownTaskError(RobotError):
    """The task id is not registered."""


class TaskDefinitionError(RobotError):
    """The task's declaration cannot work; the message begins with the task and the term."""


class ModelFileError(RobotError):
    """The robot's or the ground's model file is missing or cannot be read."""


class ContractError(RobotError):
    """The task breaks a promise that users of tasks rely on."""


class NonFiniteStateError(RobotError):
    """An action, observation or reward was NaN or infinite.

    Survives pickling, so that a rollout process can send it to its parent.
    """

    def __init__(self, term: str, env_index: int, step: int, states: dict[str, np.ndarray]) -> None:
        super().__init__(term, env_index, step, states)
        self.term = term
        """What was not finite: "action", "observation <term>" or "reward <term>"."""
        self.env_index = env_index
        """Which environment; counts over all workers."""
        self.step = step
        """Step within the episode, from 1."""
        self.states = states
        """Last states of that environment, oldest first; arrays (num_snapshots, ...) by name."""

    def __str__(self) -> str:
        return (
            f"{self.term}: not finite in environment {self.env_index} at step {self.step} of its episode; "
            "look at the last states in this error's `states`"
        )


def suggest(name: str, allowed: Iterable[str]) -> str:
    """Return "; did you mean 'x'? Allowed: ..." for a name that is none of the allowed ones."""
    import difflib  # takes half as long to load as the registry

    allowed = list(allowed)
    nearest = difflib.get_close_matches(name, allowed, n=1, cutoff=0.5)
    question = f"; did you mean {nearest[0]!r}? Allowed" if nearest else "; allowed"
    return f"{question}: {', '.join(allowed) or 'none'}."
