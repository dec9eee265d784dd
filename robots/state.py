"""The state that terms read: named arrays over all environments, in SI units, frames in the names.

Knows no physics engine; robots/simulation.py fills it once per control step. All arrays of a state
are views of one array, so that keeping an earlier state is one copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from robots.rotations import down_in_body, roll_pitch_yaw, rotate_into_body

if TYPE_CHECKING:
    from robots.spec import RobotSpec


Indices = slice | list[int]
"""What a term's parameter `joints`, `links` or `contact_links` holds by the time the term is called."""


@dataclass(frozen=True, kw_only=True)
class RobotModel:
    """What a loaded model file says, in the order of the state's arrays."""

    joint_names: tuple[str, ...]
    link_names: tuple[str, ...]
    """The base first."""
    joint_lower: np.ndarray
    """(num_joints,) lower limits (rad or m); lower > upper means no limit."""
    joint_upper: np.ndarray
    joint_effort_limit: np.ndarray
    """(num_joints,) N·m or N; 0 means that the model names none."""
    default_joint_position: np.ndarray
    """(num_joints,) from the RobotSpec."""


class State:
    """State of `num_envs` environments after one control step. Terms read it and never write it."""

    def __init__(self, flat: np.ndarray, model: RobotModel, *, control_dt_s: float) -> None:
        """Name the columns of `flat`, of shape (num_envs, state_width(...))."""
        num_joints, num_links = len(model.joint_names), len(model.link_names)
        self.flat = flat
        self.model = model
        self.control_dt_s = control_dt_s
        self.previous: State = self
        """State one control step earlier; equal to this one after a reset."""
        self.start: State = self
        """State right after the reset."""
        widths = _widths(num_joints, num_links)
        parts = np.split(flat, np.cumsum(list(widths.values())), axis=1)
        self.base_position_w, self.base_quaternion_w = parts[0], parts[1]
        """(num_envs, 3) m, the base's centre of mass; (num_envs, 4) as x, y, z, w."""
        self.base_linear_velocity_w, self.base_angular_velocity_w = parts[2], parts[3]
        """(num_envs, 3) m/s; (num_envs, 3) rad/s."""
        self.joint_position, self.joint_velocity, self.joint_effort = parts[4], parts[5], parts[6]
        """(num_envs, num_joints): rad or m; rad/s or m/s; N·m or N, in the last physics step."""
        self.link_position_w = parts[7].reshape(len(flat), num_links, 3)
        """(num_envs, num_links, 3) m, centres of mass; zeros unless a term has `links`."""
        self.link_contact = parts[8]
        """(num_envs, num_links) 1 where a link touches the ground; zeros unless a term has `contact_links`."""
        self.action = parts[9]
        """(num_envs, num_actions) the last action, clipped to [-1, 1]; 0 after a reset."""

    @cached_property
    def base_linear_velocity_b(self) -> np.ndarray:
        """(num_envs, 3) the base's velocity ahead, to the left, up (m/s)."""
        return rotate_into_body(self.base_quaternion_w, self.base_linear_velocity_w)

    @cached_property
    def base_angular_velocity_b(self) -> np.ndarray:
        """(num_envs, 3) the base's rates of roll, pitch and yaw (rad/s)."""
        return rotate_into_body(self.base_quaternion_w, self.base_angular_velocity_w)

    @cached_property
    def gravity_direction_b(self) -> np.ndarray:
        """(num_envs, 3) the unit vector that points down; (0, 0, -1) if the base is level."""
        return down_in_body(self.base_quaternion_w)

    @cached_property
    def base_roll_pitch_yaw(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Three angles of the base, each (num_envs,), in rad."""
        return roll_pitch_yaw(self.base_quaternion_w)

    def forget_derived(self) -> None:
        """Compute the properties anew; to be called after the arrays have changed."""
        for name in _DERIVED:
            self.__dict__.pop(name, None)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return every array by its name."""
        names = (*_widths(0, 0), "action")
        return {name: getattr(self, name) for name in names}


_DERIVED = tuple(name for name, value in vars(State).items() if isinstance(value, cached_property))


def state_width(model: RobotModel, *, num_actions: int) -> int:
    """Return the number of columns that a state needs."""
    return sum(_widths(len(model.joint_names), len(model.link_names)).values()) + num_actions


def _widths(num_joints: int, num_links: int) -> dict[str, int]:
    return {
        "base_position_w": 3,
        "base_quaternion_w": 4,
        "base_linear_velocity_w": 3,
        "base_angular_velocity_w": 3,
        "joint_position": num_joints,
        "joint_velocity": num_joints,
        "joint_effort": num_joints,
        "link_position_w": 3 * num_links,
        "link_contact": num_links,
    }


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where `num_starts` environments will begin; reset terms change the arrays in place."""

    base_position_w: np.ndarray
    base_quaternion_w: np.ndarray
    base_linear_velocity_w: np.ndarray
    base_angular_velocity_w: np.ndarray
    joint_position: np.ndarray
    joint_velocity: np.ndarray


def default_start(robot: RobotSpec, model: RobotModel, *, num_starts: int) -> Start:
    """Return the robot at rest in its default pose, `num_starts` times."""

    def rows(values: object) -> np.ndarray:
        return np.tile(np.asarray(values, dtype=np.float64), (num_starts, 1))

    return Start(
        base_position_w=rows(robot.start_position_w),
        base_quaternion_w=rows((0, 0, 0, 1)),
        base_linear_velocity_w=rows((0, 0, 0)),
        base_angular_velocity_w=rows((0, 0, 0)),
        joint_position=rows(model.default_joint_position),
        joint_velocity=rows(np.zeros(len(model.joint_names))),
    )
