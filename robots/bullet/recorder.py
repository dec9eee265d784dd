"""What PyBullet is told by our environments, kept to be told to other worlds: the engine's work without ours around it.

Called by robots/bench.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from robots.bullet.client import p

COMMANDS = ("setJointMotorControlArray", "stepSimulation")
"""What must be done in any case to move the robots."""
PLACEMENTS = (
    "restoreState", "performCollisionDetection", "resetBasePositionAndOrientation", "resetBaseVelocity",
    "resetJointState", "resetJointStatesMultiDof", "changeDynamics", "setGravity",
)  # fmt: skip
"""Starts of episodes and pushes. Reading a state is in neither list."""


@dataclass(frozen=True)
class Call:
    """One call of PyBullet that changes a world."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    is_command: bool


@contextlib.contextmanager
def recorded_calls() -> Iterator[list[Call]]:
    """Yield a list to which the calls that change a world are added meanwhile."""
    calls: list[Call] = []
    functions = {name: getattr(p, name) for name in (*COMMANDS, *PLACEMENTS)}
    try:
        for name, function in functions.items():
            setattr(p, name, partial(_record, calls, function, name in COMMANDS))
        yield calls
    finally:
        for name, function in functions.items():
            setattr(p, name, function)


def for_clients(calls: list[Call], clients: dict[int, int]) -> list[Callable[[], Any]]:
    """Return the calls for other clients, each given by the one whose call was recorded."""
    return [
        partial(
            call.function, *call.args, **{**call.kwargs, "physicsClientId": clients[call.kwargs["physicsClientId"]]}
        )
        for call in calls
    ]


def _record(calls: list[Call], function: Callable[..., Any], is_command: bool, *args: Any, **kwargs: Any) -> Any:
    calls.append(Call(function, args, kwargs, is_command))
    return function(*args, **kwargs)
