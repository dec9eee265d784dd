"""Put randomised properties of bodies into a world."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robots.bullet.client import p

if TYPE_CHECKING:
    from robots.bullet.drives import LoadedRobot
    from robots.spec import TaskSpec
    from robots.state import Dynamics


class DynamicsSetter:
    """Sets masses, inertias, friction and gravity of one world; what was never changed is never touched."""

    def __init__(self, task: TaskSpec, robot: LoadedRobot, ground: int | None) -> None:
        """Read the model's own values."""
        self._task = task
        self._robot = robot
        self._ground = ground
        self._links = [-1, *robot.links]
        infos = [p.getDynamicsInfo(robot.body, link, physicsClientId=robot.client) for link in self._links]
        self._mass = np.array([info[0] for info in infos])
        self._inertia = np.array([info[2] for info in infos])
        self._friction = np.array([info[1] for info in infos])
        self._has_changed = {"mass": False, "friction": False, "ground": False, "gravity": False}

    def apply(self, dynamics: Dynamics, row: int) -> None:
        """Set everything as in a row of `dynamics`."""
        mass, inertia = dynamics.mass_scale[row], dynamics.inertia_scale[row]
        if self._must_set("mass", bool((mass != 1.0).any() or (inertia != 1.0).any())):
            self._set_masses(mass, inertia)
        friction = dynamics.link_friction[row]
        if self._must_set("friction", not np.isnan(friction).all()):
            for link, value in zip(
                self._links, np.where(np.isnan(friction), self._friction, friction).tolist(), strict=True
            ):
                p.changeDynamics(self._robot.body, link, lateralFriction=value, physicsClientId=self._robot.client)
        ground_friction = float(dynamics.ground_friction[row])
        if self._ground is not None and self._must_set("ground", not np.isnan(ground_friction)):
            assert self._task.ground is not None
            value = self._task.ground.lateral_friction if np.isnan(ground_friction) else ground_friction
            p.changeDynamics(self._ground, -1, lateralFriction=value, physicsClientId=self._robot.client)
        gravity = dynamics.gravity_w[row].tolist()
        if self._must_set("gravity", gravity != [0.0, 0.0, -self._task.solver.gravity_m_s2]):
            p.setGravity(*gravity, physicsClientId=self._robot.client)

    def _must_set(self, name: str, differs: bool) -> bool:
        # Once changed, the model's own value must be put back by hand: restoreState does not.
        self._has_changed[name] = self._has_changed[name] or differs
        return self._has_changed[name]

    def _set_masses(self, mass: np.ndarray, inertia: np.ndarray) -> None:
        masses = (self._mass * mass).tolist()
        inertias = (self._inertia * (mass * inertia)[:, None]).tolist()
        for link, link_mass, diagonal in zip(self._links, masses, inertias, strict=True):
            p.changeDynamics(
                self._robot.body,
                link,
                mass=link_mass,
                localInertiaDiagonal=diagonal,
                physicsClientId=self._robot.client,
            )
