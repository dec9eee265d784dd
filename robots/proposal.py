"""Propose a task for a robot model that nobody has written one for: which joints are driven and how, and what to learn.

Rules of thumb only; each is said where it is applied, and again in a comment of the YAML file that
robots/proposal_text.py writes. Called by robots/propose.py.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from robots.measured import MeasuredJoint, MeasuredLink, MeasuredRobot, Vector
from robots.stance import rest_pose, standing_pose

GRAVITY_M_S2 = 9.81
CLEARANCE_M = 0.002
"""Chosen: small enough to land softly, large enough not to begin inside the ground."""
MAX_ARMS = 2
"""Limbs of a robot on a stand; those that walk have more, or do not lie on their root."""
WHEEL_CENTRE_M = 0.005
"""A wheel's centre of mass is no further from its axis."""
NO_TURN = (0.0, 0.0, 0.0, 1.0)
HALF_TURN_ROOT = math.sqrt(0.5)
Y_AHEAD = (0.0, 0.0, HALF_TURN_ROOT, HALF_TURN_ROOT)
"""base_axes of a model that looks along y with z up."""
Y_UP_Z_AHEAD = (-0.5, -0.5, -0.5, 0.5)
"""base_axes of a model that looks along z with y up."""

Measure = Callable[[Mapping[str, float], tuple[float, float, float, float]], MeasuredRobot]
"""Measures the robot in a pose, with its base's axes."""


class Goal(Enum):
    """What a robot is proposed to learn."""

    WALK = "move ahead"
    BALANCE = "keep what swings freely upright"
    REACH = "bring its tip to a point"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What is proposed, as facts for the text."""

    goal: Goal
    robot: MeasuredRobot
    """In the stance."""
    driven: tuple[MeasuredJoint, ...]
    passive: tuple[MeasuredJoint, ...]
    root_joints: tuple[MeasuredJoint, ...]
    """Passive ones between a massless root and the body that it carries."""
    wheels: tuple[MeasuredJoint, ...]
    """Of the driven ones."""
    is_fixed: bool
    base_link: str
    """Link that counts as the base; empty: the root."""
    base_axes: tuple[float, float, float, float]
    stance: Mapping[str, float]
    start_position_w: Vector
    feet: tuple[str, ...]
    """Links that touch the ground in the stance."""

    @property
    def base(self) -> MeasuredLink:
        """The link that counts as the base."""
        return self.robot.link(self.base_link or self.robot.base_link)

    @property
    def base_height_m(self) -> float:
        """Of the base's centre of mass over the ground, at the start."""
        return self.base.centre_w[2] - self.robot.lowest_m


def propose(measure: Measure, motors: Mapping[str, float], *, is_fixed: bool | None = None) -> Proposal:
    """Return a proposal for the robot that `measure` measures; `motors` are efforts that the model declares apart.

    `is_fixed` None: guess whether the root stands still.
    """
    robot = measure({}, NO_TURN)
    stance = rest_pose(robot)
    robot = measure(stance, NO_TURN)
    passive = _passive_joints(robot, motors)
    fixed = _is_fixed(robot) if is_fixed is None else is_fixed
    root_joints = _root_joints(robot, passive) if robot.has_massless_root else ()
    wheels = () if fixed else _wheels(robot, passive)
    axes = _base_axes(robot, root_joints, wheels, is_fixed=fixed)
    goal = _goal(robot, passive, root_joints, is_fixed=fixed)
    if goal is Goal.WALK and not wheels:
        stance = standing_pose(lambda pose: measure(pose, axes), stance, movable=_names(robot.joints) - _names(passive))
    robot = measure(stance, axes)
    driven = [
        dataclasses.replace(joint, max_effort=motors.get(joint.name, joint.max_effort))
        for joint in robot.joints
        if joint.name not in _names(passive)
    ]
    return Proposal(
        goal=goal,
        robot=robot,
        driven=tuple(driven),
        passive=tuple(
            joint for joint in robot.joints if joint.name in _names(passive) and joint.name not in _names(root_joints)
        ),
        root_joints=root_joints,
        wheels=tuple(joint for joint in driven if joint.name in _names(wheels)),
        is_fixed=fixed or robot.has_massless_root,
        base_link=_carried_base(robot, root_joints),
        base_axes=axes,
        stance=stance,
        start_position_w=_start(robot, goal, is_fixed=fixed),
        feet=robot.feet,
    )


def _names(joints: Sequence[MeasuredJoint]) -> set[str]:
    return {joint.name for joint in joints}


def _passive_joints(robot: MeasuredRobot, motors: Mapping[str, float]) -> list[MeasuredJoint]:
    """A joint without a motor: not declared where motors are, else without both limits and effort."""
    if motors:
        return [joint for joint in robot.joints if joint.name not in motors]
    passive = [joint for joint in robot.joints if not joint.has_limits and joint.max_effort == 0.0]
    return passive if len(passive) < len(robot.joints) else []


def _is_fixed(robot: MeasuredRobot) -> bool:
    """A massless root is held fast; a root that is lower than all else is a stand, unless it has many limbs."""
    lows = [link.lowest_m for link in robot.rigid_group(robot.base_link) if not math.isnan(link.lowest_m)]
    is_lowest = min(lows, default=-math.inf) <= robot.lowest_m + 1e-3  # a root without any shape is a mere frame
    num_limbs = sum(joint.depth == 0 for joint in robot.joints)
    return robot.has_massless_root or (is_lowest and num_limbs <= MAX_ARMS)


def _root_joints(robot: MeasuredRobot, passive: list[MeasuredJoint]) -> tuple[MeasuredJoint, ...]:
    """The chain of passive joints from the root, if it lets the robot move freely in a plane or in space."""
    chain: list[MeasuredJoint] = []
    link = robot.base_link
    while len(following := [joint for joint in robot.joints if robot.link(joint.child_link).parent == link]) == 1:
        if following[0] not in passive:
            break
        chain.append(following[0])
        link = following[0].child_link
    has_height = any(not joint.is_revolute and abs(joint.axis_w[2]) > 0.9 for joint in chain)
    return tuple(chain) if has_height else ()


def _carried_base(robot: MeasuredRobot, root_joints: tuple[MeasuredJoint, ...]) -> str:
    if not root_joints:
        return ""
    return max(robot.rigid_group(root_joints[-1].child_link), key=lambda link: link.mass_kg).name


def _wheels(robot: MeasuredRobot, passive: list[MeasuredJoint]) -> tuple[MeasuredJoint, ...]:
    """A wheel turns without limits about a level axis through its own centre, and touches the ground."""
    return tuple(
        joint
        for joint in robot.joints
        if joint not in passive
        and joint.is_revolute
        and not joint.has_limits
        and abs(joint.axis_w[2]) < 0.1
        and joint.centre_distance_m < WHEEL_CENTRE_M
        and robot.link(joint.child_link).lowest_m < robot.lowest_m + 0.05 * robot.size_m[2]
    )


def _base_axes(
    robot: MeasuredRobot,
    root_joints: tuple[MeasuredJoint, ...],
    wheels: tuple[MeasuredJoint, ...],
    *,
    is_fixed: bool,
) -> tuple[float, float, float, float]:
    """Ahead is where a sliding root or wheels let the robot go; up is where its limbs do not point."""
    sliding = [joint.axis_w for joint in root_joints if not joint.is_revolute and abs(joint.axis_w[2]) < 0.1]
    if sliding:
        return Y_AHEAD if abs(sliding[0][1]) > abs(sliding[0][0]) else NO_TURN
    if wheels:
        return Y_AHEAD if abs(wheels[0].axis_w[0]) > abs(wheels[0].axis_w[1]) else NO_TURN
    if is_fixed:
        return NO_TURN
    x, y, z = _limbs_from_base(robot)
    return Y_UP_Z_AHEAD if -y > 2.0 * max(abs(x), abs(z)) and -y > 0.2 * max(robot.size_m) else NO_TURN


def _limbs_from_base(robot: MeasuredRobot) -> Vector:
    """Return where the ends of the limbs are from the base's centre, on average."""
    parents = {link.parent for link in robot.links}
    ends = [link.centre_w for link in robot.links if link.name not in parents]
    base = robot.links[0].centre_w
    x, y, z = (sum(end[axis] - base[axis] for end in ends) / max(1, len(ends)) for axis in range(3))
    return x, y, z


def _goal(
    robot: MeasuredRobot, passive: list[MeasuredJoint], root_joints: tuple[MeasuredJoint, ...], *, is_fixed: bool
) -> Goal:
    if root_joints or not is_fixed:
        return Goal.WALK
    swinging = [joint for joint in robot.joints if joint.name in _names(passive) and joint.is_revolute]
    return Goal.BALANCE if any(joint.centre_height_m > 0.0 for joint in swinging) else Goal.REACH


def _start(robot: MeasuredRobot, goal: Goal, *, is_fixed: bool) -> Vector:
    """The lowest point just above the ground; a robot with its own stand keeps the height of its model."""
    height = CLEARANCE_M - robot.lowest_m if goal is Goal.WALK else 0.0
    if is_fixed:
        return (0.0, 0.0, height)
    x, y, z = robot.links[0].centre_w
    return (x, y, z + height)
