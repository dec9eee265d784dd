"""What randomisation may change of robots, objects and worlds, as arrays; robots/bullet/dynamics.py sets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from robots.control import PositionControl
from robots.scene import ObjectKind

if TYPE_CHECKING:
    from robots.spec import TaskSpec
    from robots.state import RobotModel


@dataclass(kw_only=True)
class Dynamics:
    """What randomisation terms may change in `num_rows` environments; at first everything is the model's or the task's.

    What stays so is not touched in the simulation. NaN: the task has nothing of the kind.
    """

    mass_kg: np.ndarray
    """(num_rows, num_links), the base first. Inertias grow with it."""
    inertia_scale: np.ndarray
    """(num_rows, num_links) on top of the mass's; 1 is the model's."""
    link_friction: np.ndarray
    """(num_rows, num_links) lateral friction."""
    ground_friction: np.ndarray
    """(num_rows,) lateral friction; NaN without a ground."""
    object_mass_kg: np.ndarray
    """(num_rows, num_objects), of every object, ghosts included; 0 where it does not move."""
    object_friction: np.ndarray
    """(num_rows, num_objects) lateral friction; NaN of a ghost."""
    gravity_w: np.ndarray
    """(num_rows, 3) m/s²."""
    motor_strength: np.ndarray
    """(num_rows, num_driven) share of the commanded effort that a motor gives; 1 is all."""
    stiffness_scale: np.ndarray
    """(num_rows, num_driven) of position control's stiffness; NaN with any other control."""
    damping_scale: np.ndarray
    """(num_rows, num_driven) of position control's damping; NaN with any other control."""
    action_delay_steps: np.ndarray
    """(num_rows,) whole control steps by which actions come late."""
    observation_delay_steps: np.ndarray
    """(num_rows,) whole control steps by which observations come late."""
    observation_bias: np.ndarray
    """(num_rows, observation_size) added to the observation before its scale."""
    observation_noise: np.ndarray
    """(num_rows, observation_size) standard deviation of what is added to the observation at each step, before its
    scale."""


def own_dynamics(task: TaskSpec, model: RobotModel, *, num_rows: int, observation_size: int = 0) -> Dynamics:
    """Return what the model and the task say, `num_rows` times, for an observation of this length."""
    num_driven, objects = len(task.robot.joints), task.objects
    gain = 1.0 if isinstance(task.robot.control, PositionControl) else np.nan
    masses = [each.mass_kg if each.kind is ObjectKind.FREE else 0.0 for each in objects]
    friction = [np.nan if each.kind is ObjectKind.GHOST else each.lateral_friction for each in objects]
    return Dynamics(
        mass_kg=np.tile(model.link_mass_kg, (num_rows, 1)),
        inertia_scale=np.ones((num_rows, len(model.link_names))),
        link_friction=np.tile(model.link_friction, (num_rows, 1)),
        ground_friction=np.full(num_rows, task.ground.lateral_friction if task.ground else np.nan),
        object_mass_kg=np.tile(masses, (num_rows, 1)),
        object_friction=np.tile(friction, (num_rows, 1)),
        gravity_w=np.tile((0.0, 0.0, -task.solver.gravity_m_s2), (num_rows, 1)),
        motor_strength=np.ones((num_rows, num_driven)),
        stiffness_scale=np.full((num_rows, num_driven), gain),
        damping_scale=np.full((num_rows, num_driven), gain),
        action_delay_steps=np.zeros(num_rows, dtype=np.int64),
        observation_delay_steps=np.zeros(num_rows, dtype=np.int64),
        observation_bias=np.zeros((num_rows, observation_size)),
        observation_noise=np.zeros((num_rows, observation_size)),
    )
