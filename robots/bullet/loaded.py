"""A robot in a PyBullet client, and what every drive of it (robots/bullet/drives.py) has in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from robots.bullet.client import p

if TYPE_CHECKING:
    from robots.spec import RobotSpec
    from robots.state import RobotModel


@dataclass(frozen=True, kw_only=True)
class LoadedRobot:
    """A robot in a PyBullet client."""

    spec: RobotSpec
    model: RobotModel
    client: int
    body: int
    joints: list[int]
    """Indices of the driven joints, then of the passive ones."""
    links: list[int]
    """Indices of all links but the base."""

    @property
    def driven(self) -> list[int]:
        """Indices of the driven joints."""
        return self.joints[: len(self.spec.joints)]


@dataclass(frozen=True, kw_only=True)
class MotorProperties:
    """How the motors of one episode differ from the declared ones; each (num_driven,)."""

    strength: np.ndarray
    stiffness_scale: np.ndarray
    damping_scale: np.ndarray


class Drive(Protocol):
    """Drives one robot."""

    efforts: list[float]
    """N·m or N for each joint in the last physics step, passive ones included."""

    def begin(self, properties: MotorProperties | None) -> None:
        """Prepare for an episode; None: as declared."""
        ...

    def step(self, action: np.ndarray, num_calls: int) -> None:
        """Step the simulation `num_calls` times with an action (num_actions,) in [-1, 1]."""
        ...


def disable_motors(robot: LoadedRobot) -> None:
    """Switch off the velocity motor that PyBullet gives each joint when it loads it; it acts as friction."""
    p.setJointMotorControlArray(
        robot.body, robot.links, p.VELOCITY_CONTROL, forces=[0.0] * len(robot.links), physicsClientId=robot.client
    )


def link_frame(link_state: Sequence[Any]) -> tuple[Any, Any]:
    """Return position and quaternion of a link's origin, from what getLinkState(s) returned.

    PyBullet rounds them to single precision, but not the centre of mass, which is often the same.
    """
    mass_position, mass_quaternion, offset, turn, origin, quaternion = link_state[:6]
    if offset == (0.0, 0.0, 0.0) and turn == (0.0, 0.0, 0.0, 1.0):
        return mass_position, mass_quaternion
    return origin, quaternion
