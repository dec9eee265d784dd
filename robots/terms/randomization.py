"""Randomisation terms: function(start, rngs, **params, level) changes start.dynamics for one episode.

Each returns what it drew, (num_rows,), for the log: the mean where it drew several numbers. A curriculum's level widens
the ranges (robots/terms/sampling.py). Names in brackets are those of the same thing in Isaac Lab
(isaaclab/envs/mdp/events.py) and in legged_gym (legged_robot_config.py, `domain_rand` and `noise`).

Two things are missing because of PyBullet: it does not move a link's centre of mass, and it multiplies the restitutions
of two bodies that touch, which gives 0 with most models, whatever the ground's is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robots.terms.sampling import Distribution, Range, Rngs, check_lowest, draw, widen

if TYPE_CHECKING:
    from robots.state import Indices, Start

UNIFORM = Distribution.UNIFORM
MIN_MASS_KG = 1e-6
"""Isaac Lab's min_mass of randomize_rigid_body_mass."""
MIN_MASS_FACTOR = 1e-3
"""Chosen: far below anything sensible; at 0 a body would stand still in the air."""


def link_mass_scale(
    start: Start, rngs: Rngs, links: Indices, range: Range, distribution: Distribution = UNIFORM, *, level: np.ndarray
) -> np.ndarray:
    """Multiply each link's mass, and its inertia with it, by a factor of its own (randomize_rigid_body_mass)."""
    check_lowest(range, MIN_MASS_FACTOR)
    return _scale(start.dynamics.mass_kg, links, draw(rngs, _size(start, links), range, distribution), level)


def link_mass_added(start: Start, rngs: Rngs, links: Indices, range_kg: Range, *, level: np.ndarray) -> np.ndarray:
    """Add the same mass (kg) to each of the links, a payload; inertias grow with it (added_mass_range)."""
    mass_kg = start.dynamics.mass_kg
    lightest = float(mass_kg[:, links].min())
    if lightest == 0.0:
        raise ValueError("links: one of them has no mass, so that adding some does nothing; name others")
    if lightest + range_kg[0] < MIN_MASS_KG:
        raise ValueError(f"range_kg: {range_kg[0]:g} kg is more than the lightest of the links has, {lightest:.3g} kg")
    added = widen(0.0, draw(rngs, 1, range_kg), level)
    mass_kg[:, links] += added
    return added[:, 0]


def link_inertia_scale(
    start: Start, rngs: Rngs, links: Indices, range: Range, distribution: Distribution = UNIFORM, *, level: np.ndarray
) -> np.ndarray:
    """Multiply each link's moments of inertia by a factor of its own; its mass stays."""
    check_lowest(range, MIN_MASS_FACTOR)
    return _scale(start.dynamics.inertia_scale, links, draw(rngs, _size(start, links), range, distribution), level)


def link_friction(start: Start, rngs: Rngs, links: Indices, range: Range, *, level: np.ndarray) -> np.ndarray:
    """Give the links one lateral friction, which is multiplied by the ground's (randomize_rigid_body_material)."""
    check_lowest(range, 0.0)
    friction = start.dynamics.link_friction
    friction[:, links] = widen(friction[:, links], draw(rngs, 1, range), level)
    return friction[:, links].mean(axis=1)


def ground_friction(start: Start, rngs: Rngs, range: Range, *, level: np.ndarray) -> np.ndarray:
    """Give the ground a lateral friction, which is multiplied by that of the links (friction_range)."""
    check_lowest(range, 0.0)
    friction = start.dynamics.ground_friction
    if np.isnan(friction).any():
        raise ValueError("the task has no ground, whose friction could vary")
    friction[:] = widen(friction[:, None], draw(rngs, 1, range), level)[:, 0]
    return friction.copy()


def object_mass_scale(
    start: Start, rngs: Rngs, objects: Indices, range: Range, distribution: Distribution = UNIFORM, *, level: np.ndarray
) -> np.ndarray:
    """Multiply each object's mass, and its inertia with it, by a factor of its own (randomize_rigid_body_mass)."""
    check_lowest(range, MIN_MASS_FACTOR)
    mass_kg = start.dynamics.object_mass_kg
    if not mass_kg[:, objects].all():
        raise ValueError("objects: one of them does not move, so that its mass does nothing; name others")
    return _scale(mass_kg, objects, draw(rngs, mass_kg[:, objects].shape[1], range, distribution), level)


def object_friction(start: Start, rngs: Rngs, objects: Indices, range: Range, *, level: np.ndarray) -> np.ndarray:
    """Give each object a lateral friction of its own (randomize_rigid_body_material)."""
    check_lowest(range, 0.0)
    friction = start.dynamics.object_friction
    if np.isnan(friction[:, objects]).any():
        raise ValueError("objects: one of them is only drawn and touches nothing; name others")
    friction[:, objects] = widen(friction[:, objects], draw(rngs, friction[:, objects].shape[1], range), level)
    return friction[:, objects].mean(axis=1)


def gravity_scale(start: Start, rngs: Rngs, range: Range, *, level: np.ndarray) -> np.ndarray:
    """Multiply gravity by a factor (randomize_physics_scene_gravity)."""
    check_lowest(range, 0.0)
    return _scale(start.dynamics.gravity_w, slice(None), draw(rngs, 1, range), level)


def gravity_tilt(start: Start, rngs: Rngs, max_tilt_rad: float, *, level: np.ndarray) -> np.ndarray:
    """Lean gravity to a random side by an angle up to `max_tilt_rad`, which is drawn, as if the ground sloped."""
    tilt = level * draw(rngs, 1, (0.0, max_tilt_rad))[:, 0]
    side = draw(rngs, 1, (-np.pi, np.pi))[:, 0]
    direction = np.stack((np.sin(tilt) * np.cos(side), np.sin(tilt) * np.sin(side), -np.cos(tilt)), axis=1)
    gravity_w = start.dynamics.gravity_w
    gravity_w[:] = np.linalg.norm(gravity_w, axis=1, keepdims=True) * direction
    return tilt


def motor_strength(
    start: Start, rngs: Rngs, joints: Indices, range: Range, distribution: Distribution = UNIFORM, *, level: np.ndarray
) -> np.ndarray:
    """Multiply what each joint's motor gives, and the most it can give, by a factor of its own."""
    check_lowest(range, 0.0)
    motors = _motors(start, joints)
    return _scale(start.dynamics.motor_strength, motors, draw(rngs, len(motors), range, distribution), level)


def stiffness_scale(
    start: Start, rngs: Rngs, joints: Indices, range: Range, distribution: Distribution = UNIFORM, *, level: np.ndarray
) -> np.ndarray:
    """Multiply the stiffness of each joint's position control by a factor of its own (randomize_actuator_gains)."""
    check_lowest(range, 0.0)
    motors = _gains(start, joints)
    return _scale(start.dynamics.stiffness_scale, motors, draw(rngs, len(motors), range, distribution), level)


def damping_scale(
    start: Start, rngs: Rngs, joints: Indices, range: Range, distribution: Distribution = UNIFORM, *, level: np.ndarray
) -> np.ndarray:
    """Multiply the damping of each joint's position control by a factor of its own (randomize_actuator_gains)."""
    check_lowest(range, 0.0)
    motors = _gains(start, joints)
    return _scale(start.dynamics.damping_scale, motors, draw(rngs, len(motors), range, distribution), level)


def action_delay(start: Start, rngs: Rngs, range_s: Range, *, level: np.ndarray) -> np.ndarray:
    """Let actions reach the motors late, by a time (s) that is rounded to whole control steps.

    The state has the policy's own action all the same.
    """
    steps = _delay_steps(start, rngs, range_s, level)
    start.dynamics.action_delay_steps += steps
    return steps * start.control_dt_s


def observation_delay(start: Start, rngs: Rngs, range_s: Range, *, level: np.ndarray) -> np.ndarray:
    """Let observations reach the policy late, by a time (s) that is rounded to whole control steps."""
    steps = _delay_steps(start, rngs, range_s, level)
    start.dynamics.observation_delay_steps += steps
    return steps * start.control_dt_s


def observation_noise(
    start: Start, rngs: Rngs, observations: Indices, standard_deviation: float, *, level: np.ndarray
) -> np.ndarray:
    """Add Gaussian noise to observation terms at each step, in their unit before `scale` (noise_scales)."""
    if standard_deviation < 0.0:
        raise ValueError(f"standard_deviation: must not be below 0; got {standard_deviation}")
    deviation = level * standard_deviation
    noise = start.dynamics.observation_noise
    noise[:, observations] = np.hypot(noise[:, observations], deviation[:, None])  # variances of all terms add up
    return deviation


def observation_bias(
    start: Start, rngs: Rngs, observations: Indices, half_range: float, *, level: np.ndarray
) -> np.ndarray:
    """Add to each number of observation terms what is drawn from ±`half_range`, in their unit before `scale`.

    The log has the mean size.
    """
    bias = start.dynamics.observation_bias
    drawn = level[:, None] * draw(rngs, bias[:, observations].shape[1], (-half_range, half_range))
    bias[:, observations] += drawn
    return np.abs(drawn).mean(axis=1)


def _size(start: Start, links: Indices) -> int:
    return start.dynamics.mass_kg[:, links].shape[1]


def _scale(values: np.ndarray, columns: Indices, factors: np.ndarray, level: np.ndarray) -> np.ndarray:
    factors = widen(1.0, factors, level)
    values[:, columns] *= factors
    return factors.mean(axis=1)


def _motors(start: Start, joints: Indices) -> list[int]:
    """Return the columns of driven joints. Raises ValueError for others."""
    num_joints, num_driven = start.joint_position.shape[1], start.dynamics.motor_strength.shape[1]
    if isinstance(joints, slice) and joints == slice(None):
        return list(range(num_driven))
    chosen = np.arange(num_joints)[joints].tolist()
    if max(chosen) >= num_driven:
        raise ValueError("joints: one of them is passive and has no motor; name driven joints")
    return chosen


def _gains(start: Start, joints: Indices) -> list[int]:
    if np.isnan(start.dynamics.stiffness_scale).any():
        raise ValueError("the robot's control has no stiffness and damping; only PositionControl has")
    return _motors(start, joints)


def _delay_steps(start: Start, rngs: Rngs, range_s: Range, level: np.ndarray) -> np.ndarray:
    check_lowest(range_s, 0.0)
    steps = np.rint(level * draw(rngs, 1, range_s)[:, 0] / start.control_dt_s).astype(np.int64)
    if range_s[1] < start.control_dt_s / 2:
        raise ValueError(
            f"range_s: delays are rounded to control steps of {start.control_dt_s:g} s, so that {list(range_s)} "
            "is no delay at all"
        )
    return steps
