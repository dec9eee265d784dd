"""How actions become motion: the kinds of control that a robot may declare. Data only; robots/bullet/drives.py acts.

An action has one element in [-1, 1] for each name of `action_names`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from robots.errors import TaskDefinitionError, suggest

PerJoint = float | Mapping[str, float]
"""The same number for every driven joint, or one for each by name."""


@dataclass(frozen=True, kw_only=True)
class EffortControl:
    """An action is a force or torque, one for each driven joint."""

    effort: PerJoint
    """Force (N) or torque (N·m) of action 1."""

    def action_names(self, joints: tuple[str, ...]) -> tuple[str, ...]:
        """Return what each element of the action drives."""
        return joints

    def check(self, where: str, joints: tuple[str, ...]) -> None:
        """Raise TaskDefinitionError where a joint is named that is not driven, or one is missing."""
        check_per_joint(f"{where}.effort", self.effort, joints)


@dataclass(frozen=True, kw_only=True)
class PositionControl:
    """An action shifts a joint's target from its default; a PD law turns it into torque at each physics step.

    torque = stiffness * (target - position) - damping * velocity, within the effort limits.
    """

    action_scale_rad: PerJoint
    """Shift of action 1."""
    stiffness: PerJoint
    """N·m/rad."""
    damping: PerJoint
    """N·m·s/rad."""
    max_effort: PerJoint | None = None
    """Effort limits (N·m); None: the model's."""

    def action_names(self, joints: tuple[str, ...]) -> tuple[str, ...]:
        """Return what each element of the action drives."""
        return joints

    def check(self, where: str, joints: tuple[str, ...]) -> None:
        """Raise TaskDefinitionError where a joint is named that is not driven, or one is missing."""
        for name in ("action_scale_rad", "stiffness", "damping"):
            check_per_joint(f"{where}.{name}", getattr(self, name), joints)
        if self.max_effort is not None:
            check_per_joint(f"{where}.max_effort", self.max_effort, joints)


class MotorMode(Enum):
    """What a motor holds."""

    POSITION = "position"
    VELOCITY = "velocity"


@dataclass(frozen=True, kw_only=True)
class Motor:
    """A motor of the physics engine: it reaches its target as fast as its effort allows."""

    mode: MotorMode
    gains: tuple[float, ...]
    """Target of action 1, one number for each action (rad, m, rad/s or m/s); the target is their sum."""
    max_effort: float
    """N·m or N."""
    offset: float = 0.0
    """Target of action 0."""


@dataclass(frozen=True, kw_only=True)
class MotorControl:
    """Actions are mixed into the targets of motors: wheels, steering, servos."""

    actions: tuple[str, ...]
    """Name of each element of the action, such as "throttle" and "steering"."""
    motors: Mapping[str, Motor]
    """By driven joint; each driven joint has one."""

    def action_names(self, joints: tuple[str, ...]) -> tuple[str, ...]:
        """Return what each element of the action drives."""
        return self.actions

    def check(self, where: str, joints: tuple[str, ...]) -> None:
        """Raise TaskDefinitionError where motors and driven joints, or gains and actions, do not match."""
        check_per_joint(f"{where}.motors", dict.fromkeys(self.motors, 0.0), joints)
        for joint, motor in self.motors.items():
            if len(motor.gains) != len(self.actions):
                raise TaskDefinitionError(
                    f"{where}.motors.{joint}: gains: needs one number for each action "
                    f"({', '.join(self.actions)}); got {len(motor.gains)}"
                )


@dataclass(frozen=True, kw_only=True)
class EndEffectorControl:
    """An action moves the hand by a small step; inverse kinematics finds the joints' targets.

    The hand keeps its orientation. Formulas and figures: panda-gym 3.0.7, robots/panda.py.
    """

    link: str
    """The hand's link."""
    step_m: float
    """Movement of action 1 in a control step, along each axis of the world."""
    quaternion_w: tuple[float, float, float, float]
    """Orientation that the hand keeps, x, y, z, w."""
    max_effort: Mapping[str, float]
    """By driven joint: N·m or N."""
    min_height_m: float = 0.0
    """The hand's target is never lower."""
    fingers: tuple[str, ...] = ()
    """Joints of the gripper, which share its width; inverse kinematics finds the other driven joints."""
    finger_step_m: float = 0.0
    """Change of the gripper's width of action 1 in a control step; 0: it stays shut, and no action is for it."""

    def action_names(self, joints: tuple[str, ...]) -> tuple[str, ...]:
        """Return what each element of the action drives."""
        return ("hand_x", "hand_y", "hand_z", *(("gripper",) if self.finger_step_m else ()))

    def check(self, where: str, joints: tuple[str, ...]) -> None:
        """Raise TaskDefinitionError where joints are named that are not driven, or are missing, fingers included."""
        check_per_joint(f"{where}.max_effort", self.max_effort, joints)
        check_names(f"{where}.fingers", self.fingers, joints)
        if self.finger_step_m and not self.fingers:
            raise TaskDefinitionError(f"{where}.finger_step_m: {self.finger_step_m} m without fingers; name them")


Control = EffortControl | PositionControl | MotorControl | EndEffectorControl


def per_joint(value: PerJoint, joints: tuple[str, ...]) -> list[float]:
    """Return a number for each of the joints."""
    return [value[name] for name in joints] if isinstance(value, Mapping) else [float(value)] * len(joints)


def check_per_joint(where: str, value: PerJoint, joints: tuple[str, ...]) -> None:
    """Raise TaskDefinitionError unless a mapping names exactly the driven joints."""
    if not isinstance(value, Mapping):
        return
    check_names(where, tuple(value), joints)
    missing = [name for name in joints if name not in value]
    if missing:
        raise TaskDefinitionError(f"{where}: misses the driven joint {missing[0]!r}; name every one, or give a number")


def check_names(where: str, names: tuple[str, ...], joints: tuple[str, ...]) -> None:
    """Raise TaskDefinitionError for a name that is no driven joint."""
    for name in names:
        if name not in joints:
            raise TaskDefinitionError(f"{where}: no driven joint {name!r}{suggest(name, joints)}")
