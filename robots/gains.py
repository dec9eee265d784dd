"""Choose efforts and PD gains for the joints of a proposal, from masses and the model's own limits.

The rules give numbers to begin with; robots/proposal_text.py repeats them in the file that it writes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from robots.measured import MeasuredJoint
from robots.proposal import GRAVITY_M_S2, Goal, Proposal

ACCELERATION = 10.0
"""m/s² or rad/s² that a joint of a fixed robot should reach; chosen: about gravity's."""
SPEED_RAD_S = 2.0
"""That a joint should reach against its own damping."""
UPRIGHT = 0.9
"""Least vertical part of an axis that counts as vertical."""
MAX_OVER_NEED = 3.0
"""Efforts far beyond what carries the robot, which many models name, only make learning harder."""
YIELD_RAD = {Goal.WALK: 0.4, Goal.REACH: 0.1, Goal.BALANCE: 0.1}
"""How far a joint gives way under the effort that is needed; stiffer arms are exact, softer legs do not bounce."""
MIN_FREQUENCY_RAD_S = 10.0
"""A joint alone comes back at least so fast."""
DAMPING_RATIO = 0.7
MAX_PHASE_RAD = 0.25
"""Natural frequency times physics step: a PD law that is computed once a step becomes unstable near 1, earlier where
joints share a limb."""
TOPPLE_MARGIN = 4.0
"""Legs as springs hold a robot up if they are together stiffer than weight times height; twice that, and a leg's two
joints, one after the other, are half as stiff as each."""
PHYSICS_STEPS_S = (0.005, 0.0025, 0.00125)
"""Tried in this order, to divide a control step of 0.02 s."""
MIN_SHARE = 0.8
"""Smaller steps are for robots of which a joint would get less than this share of the stiffness that it needs."""


@dataclass(frozen=True, kw_only=True)
class Gains:
    """How one joint is driven."""

    max_effort: float
    """N·m or N."""
    stiffness: float
    """N·m/rad or N/m."""
    damping: float
    """N·m·s/rad or N·s/m."""


def choose_step(proposal: Proposal) -> float:
    """Return the physics step (s) with which position control can be stiff enough."""
    for step in PHYSICS_STEPS_S:
        shares = [
            choose_gains(joint, proposal, physics_dt_s=step).stiffness / _wanted_stiffness(joint, proposal)
            for joint in proposal.driven
            if joint not in proposal.wheels
        ]
        if min(shares, default=1.0) >= MIN_SHARE:
            return step
    return PHYSICS_STEPS_S[-1]


def choose_gains(joint: MeasuredJoint, proposal: Proposal, *, physics_dt_s: float) -> Gains:
    """Return effort limit and gains of a driven joint."""
    inertia = _felt_inertia(joint, proposal)
    stable = inertia * (MAX_PHASE_RAD / physics_dt_s) ** 2
    stiffness = min(_wanted_stiffness(joint, proposal), stable)
    return Gains(
        max_effort=max_effort(joint, proposal),
        stiffness=stiffness,
        damping=2.0 * DAMPING_RATIO * math.sqrt(stiffness * inertia),
    )


def max_effort(joint: MeasuredJoint, proposal: Proposal) -> float:
    """Return the model's effort limit, but at least what is needed and at most MAX_OVER_NEED times that."""
    need = needed_effort(joint, proposal)
    return min(max(joint.max_effort, need), MAX_OVER_NEED * need) if joint.max_effort > 0 else need


def needed_effort(joint: MeasuredJoint, proposal: Proposal) -> float:
    """Return the effort (N·m or N) that carries what hangs on the joint, and of a leg, the robot."""
    if joint in proposal.wheels:
        radius = wheel_radius_m(joint, proposal)
        return proposal.robot.total_mass_kg * GRAVITY_M_S2 * radius / len(proposal.wheels)
    if not joint.is_revolute:
        return joint.carried_mass_kg * (GRAVITY_M_S2 * abs(joint.axis_w[2]) + ACCELERATION)
    lift = joint.carried_mass_kg * GRAVITY_M_S2 * joint.centre_span_m
    if joint.depth == 0 and abs(joint.axis_w[2]) > UPRIGHT:
        lift = 0.0  # it turns about the vertical in every pose
    need = lift + _worst_inertia(joint, proposal) * ACCELERATION + SPEED_RAD_S * joint.damping
    if _is_leg(joint, proposal):
        weight = proposal.robot.total_mass_kg * GRAVITY_M_S2
        need = max(need, 0.5 * weight * proposal.base_height_m / num_pairs(proposal))
    return need


def num_pairs(proposal: Proposal) -> float:
    """Return half the number of limbs that stand, of which one half carries the robot while the other swings."""
    limbs = {_limb(link, proposal) for link in proposal.feet}
    return max(1.0, len(limbs) / 2)


def wheel_radius_m(wheel: MeasuredJoint, proposal: Proposal) -> float:
    """Return a wheel's radius: its centre's height above the ground."""
    return proposal.robot.link(wheel.child_link).centre_w[2] - proposal.robot.lowest_m


def _wanted_stiffness(joint: MeasuredJoint, proposal: Proposal) -> float:
    by_load = needed_effort(joint, proposal) / YIELD_RAD[proposal.goal]
    if _is_leg(joint, proposal):
        weight = proposal.robot.total_mass_kg * GRAVITY_M_S2
        by_load = max(by_load, TOPPLE_MARGIN * weight * proposal.base_height_m / (2.0 * num_pairs(proposal)))
    return max(by_load, _worst_inertia(joint, proposal) * MIN_FREQUENCY_RAD_S**2)


def _felt_inertia(joint: MeasuredJoint, proposal: Proposal) -> float:
    return max(joint.free_inertia if proposal.goal is Goal.WALK else joint.inertia, 1e-6)


def _worst_inertia(joint: MeasuredJoint, proposal: Proposal) -> float:
    """Inertia with all that hangs on the joint stretched out."""
    felt = _felt_inertia(joint, proposal)
    if proposal.goal is Goal.WALK or not joint.is_revolute:
        return felt
    return max(felt, joint.carried_mass_kg * joint.centre_span_m**2)


def _is_leg(joint: MeasuredJoint, proposal: Proposal) -> bool:
    if proposal.goal is not Goal.WALK or proposal.wheels:
        return False
    beyond = {joint.child_link}
    for link in proposal.robot.links:
        if link.parent in beyond:
            beyond.add(link.name)
    return any(foot in beyond for foot in proposal.feet)


def _limb(name: str, proposal: Proposal) -> str:
    """Return the link next to the base from which a link hangs."""
    roots = {each.name for each in proposal.robot.rigid_group(proposal.base.name)}
    while (parent := proposal.robot.link(name).parent) and parent not in roots:
        name = parent
    return name
