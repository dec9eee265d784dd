"""Put randomised properties of bodies into a world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from robots.bullet.client import p

if TYPE_CHECKING:
    from robots.bullet.loaded import LoadedRobot
    from robots.dynamics import Dynamics


class DynamicsSetter:
    """Sets masses, inertias, friction and gravity of one world, each only where it is not so already.

    PyBullet keeps them when it restores a state: what one episode has changed, the next must put back.
    """

    def __init__(self, robot: LoadedRobot, *, ground: int | None, objects: list[int], own: Dynamics) -> None:
        """Take the first row of `own` for what the world is like as loaded."""
        self._client = robot.client
        self._links = [(robot.body, link) for link in (-1, *robot.links)]
        self._objects = [(body, -1) for body in objects]
        self._ground = ground
        self._inertia = {part: self._inertia_of(part) for part in (*self._links, *self._objects)}
        self._own_mass_kg = own.mass_kg[0].copy()
        self._own_object_mass_kg = own.object_mass_kg[0].copy()
        self._present = {name: values.copy() for name, values in _values(own, 0).items()}

    def apply(self, dynamics: Dynamics, row: int) -> None:
        """Set everything as in a row of `dynamics`."""
        wanted = _values(dynamics, row)
        for index, (mass_kg, scale) in self._differing("link_mass", wanted):
            self._set_mass(self._links[index], mass_kg, mass_kg / self._own_mass_kg[index] * scale)
        for index, (mass_kg,) in self._differing("object_mass", wanted):
            self._set_mass(self._objects[index], mass_kg, mass_kg / self._own_object_mass_kg[index])
        for index, (friction,) in self._differing("link_friction", wanted):
            self._change(self._links[index], lateralFriction=friction)
        for index, (friction,) in self._differing("object_friction", wanted):
            self._change(self._objects[index], lateralFriction=friction)
        for _, (friction,) in self._differing("ground_friction", wanted):
            assert self._ground is not None
            self._change((self._ground, -1), lateralFriction=friction)
        for _, gravity_w in self._differing("gravity", wanted):
            p.setGravity(*gravity_w, physicsClientId=self._client)

    def _differing(self, name: str, wanted: dict[str, np.ndarray]) -> list[tuple[int, list[float]]]:
        """Return index and values of each part that is not as wanted, and take it for set."""
        present, values = self._present[name], wanted[name]
        indices = np.flatnonzero(((values != present) & ~np.isnan(values)).any(axis=1)).tolist()
        present[indices] = values[indices]
        return [(index, values[index].tolist()) for index in indices]

    def _set_mass(self, part: tuple[int, int], mass_kg: float, factor: float) -> None:
        # Given a mass alone, PyBullet would make up an inertia from the collision shape.
        self._change(part, mass=mass_kg, localInertiaDiagonal=[factor * each for each in self._inertia[part]])

    def _inertia_of(self, part: tuple[int, int]) -> tuple[float, ...]:
        return p.getDynamicsInfo(*part, physicsClientId=self._client)[2]

    def _change(self, part: tuple[int, int], **properties: Any) -> None:
        p.changeDynamics(*part, **properties, physicsClientId=self._client)


def _values(dynamics: Dynamics, row: int) -> dict[str, np.ndarray]:
    """Return what goes into the engine, each (num_parts, num_values); bodies without mass are none that can change."""
    mass_kg, object_mass_kg = dynamics.mass_kg[row], dynamics.object_mass_kg[row]
    inertia_scale = np.where(mass_kg == 0.0, 1.0, dynamics.inertia_scale[row])
    return {
        "link_mass": np.stack((mass_kg, inertia_scale), axis=1),
        "object_mass": object_mass_kg[:, None],
        "link_friction": dynamics.link_friction[row][:, None],
        "object_friction": dynamics.object_friction[row][:, None],
        "ground_friction": dynamics.ground_friction[row].reshape(1, 1),
        "gravity": dynamics.gravity_w[row][None],
    }
