"""The state that terms read: named arrays over all environments, in SI units, frames in the names.

Knows no physics engine; robots/simulation.py fills it once per control step. All arrays of a state
are views of one array, so that keeping an earlier state is one copy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, wraps
from operator import is_
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from robots.dynamics import Dynamics, own_dynamics
from robots.rotations import down_in_body, roll_pitch_yaw, rotate_into_body
from robots.terrain import FLAT, HeightField

if TYPE_CHECKING:
    from robots.spec import TaskSpec

Result = TypeVar("Result")

Indices = slice | np.ndarray | list[int]
"""What a term's parameter `joints`, `links`, `objects`, `command`, … holds by the time the term is called."""


@dataclass(frozen=True, kw_only=True)
class Reads:
    """What costs an extra call per step, and is read only when a term needs it."""

    link_positions: bool = False
    link_contacts: bool = False
    link_collisions: bool = False
    frames: tuple[str, ...] = ()
    """Links whose frames are read."""


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
    link_mass_kg: np.ndarray
    """(num_links,)."""
    link_friction: np.ndarray
    """(num_links,) lateral."""


_VECTOR_SIZES = {
    "link_position_w": 3,
    "frame_position_w": 3,
    "frame_quaternion_w": 4,
    "frame_linear_velocity_w": 3,
    "frame_angular_velocity_w": 3,
    "object_position_w": 3,
    "object_quaternion_w": 4,
    "object_linear_velocity_w": 3,
    "object_angular_velocity_w": 3,
}
"""Arrays that have a last axis of their own."""


class State:
    """State of `num_envs` environments after one control step. Terms read it and never write it."""

    base_position_w: np.ndarray
    """(num_envs, 3) m, the base's centre of mass."""
    base_quaternion_w: np.ndarray
    """(num_envs, 4) x, y, z, w."""
    base_linear_velocity_w: np.ndarray
    """(num_envs, 3) m/s."""
    base_angular_velocity_w: np.ndarray
    """(num_envs, 3) rad/s."""
    joint_position: np.ndarray
    """(num_envs, num_joints) rad or m."""
    joint_velocity: np.ndarray
    """(num_envs, num_joints) rad/s or m/s."""
    joint_effort: np.ndarray
    """(num_envs, num_joints) N·m or N, in the last physics step."""
    link_position_w: np.ndarray
    """(num_envs, num_links, 3) m, centres of mass before the last physics step, which is what PyBullet gives; only with
    a term that has `links`."""
    link_contact: np.ndarray
    """(num_envs, num_links) 1 where a link touches the ground; only with a term that has `contact_links`."""
    link_collision: np.ndarray
    """(num_envs, num_links) 1 where a link touches an object; only with a term that has `collision_links`."""
    frame_position_w: np.ndarray
    """(num_envs, num_frames, 3) m, origins of links; only of links that a term names in `frames`."""
    frame_quaternion_w: np.ndarray
    """(num_envs, num_frames, 4) x, y, z, w."""
    frame_linear_velocity_w: np.ndarray
    """(num_envs, num_frames, 3) m/s, of the link's centre of mass."""
    frame_angular_velocity_w: np.ndarray
    """(num_envs, num_frames, 3) rad/s."""
    object_position_w: np.ndarray
    """(num_envs, num_objects, 3) m, of every object but ghosts, in the task's order."""
    object_quaternion_w: np.ndarray
    """(num_envs, num_objects, 4) x, y, z, w."""
    object_linear_velocity_w: np.ndarray
    """(num_envs, num_objects, 3) m/s."""
    object_angular_velocity_w: np.ndarray
    """(num_envs, num_objects, 3) rad/s."""
    lidar_range_m: np.ndarray
    """(num_envs, num_rays) m; only with a robot that has a lidar."""
    link_air_time_s: np.ndarray
    """(num_envs, num_links) for how long a link has not touched the ground; with `link_contact`."""
    action: np.ndarray
    """(num_envs, num_actions) the policy's last action, clipped to [-1, 1], even if motors get it late; 0 after a
    reset."""
    command: np.ndarray
    """(num_envs, sum of the commands' lengths) what the robot is asked to do."""

    def __init__(
        self,
        flat: np.ndarray,
        model: RobotModel,
        widths: dict[str, int],
        *,
        control_dt_s: float,
        terrain: HeightField = FLAT,
    ) -> None:
        """Name the columns of `flat`, of shape (num_envs, sum of the widths of `state_widths`)."""
        self.flat = flat
        self.model = model
        self.widths = widths
        self.control_dt_s = control_dt_s
        self.terrain = terrain
        """Heights of the ground; flat where the task has no terrain."""
        self.previous: State = self
        """State one control step earlier; equal to this one after a reset."""
        self.start: State = self
        """State right after the reset."""
        self.shared: dict[Callable[..., Any], tuple[tuple[tuple[object, ...], Any], ...]] = {}
        """What functions with `@shared` returned: pairs of parameters and result."""
        ends = np.cumsum(list(widths.values()))
        for (name, width), end in zip(widths.items(), ends.tolist(), strict=True):
            columns = flat[:, end - width : end]
            size = _VECTOR_SIZES.get(name)
            setattr(self, name, columns if size is None else columns.reshape(len(flat), width // size, size))

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

    @cached_property
    def base_height_m(self) -> np.ndarray:
        """(num_envs,) height of the base over the ground below it."""
        x, y, z = self.base_position_w.T
        return z - self.terrain.height_m(x, y)

    def forget_derived(self) -> None:
        """Compute the properties and what is `shared` anew; to be called after the arrays have changed."""
        self.shared.clear()
        for name in _DERIVED:
            self.__dict__.pop(name, None)

    def become(self, other: State) -> None:
        """Take the numbers of a state of the same shape, and what is derived from them so far."""
        self.flat[:] = other.flat
        self.forget_derived()
        self.shared = other.shared.copy()
        theirs = other.__dict__
        self.__dict__.update([(name, theirs[name]) for name in _DERIVED if name in theirs])

    def like(self, flat: np.ndarray) -> State:
        """Return a state of other rows with the same columns."""
        return State(flat, self.model, self.widths, control_dt_s=self.control_dt_s, terrain=self.terrain)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return every array that has columns by its name."""
        return {name: getattr(self, name) for name, width in self.widths.items() if width}


def shared(function: Callable[..., Result]) -> Callable[..., Result]:
    """Let terms share what function(state, *parameters) returns, new arrays: it is computed once for a state."""

    @wraps(function)
    def remember(state: State, *parameters: object) -> Result:
        known = state.shared.get(function, ())
        for given, result in known:  # few; parameters are no keys, because neither slices nor arrays have a hash
            if _are_same(given, parameters):
                return result
        result = function(state, *parameters)
        state.shared[function] = (*known, (parameters, result))
        return result

    return remember


def _are_same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    # Terms bound to the same names get the same objects, so repr, which takes longer, is seldom needed.
    return (len(one) == len(other) and all(map(is_, one, other))) or repr(one) == repr(other)


_DERIVED = tuple(name for name, value in vars(State).items() if isinstance(value, cached_property))


def state_widths(task: TaskSpec, model: RobotModel, reads: Reads) -> dict[str, int]:
    """Return the number of columns of each array, in order; those that the physics engine fills come first."""
    num_joints, num_links = len(model.joint_names), len(model.link_names)
    num_frames, num_objects = len(reads.frames), len(task.bodies)
    num_contacts = num_links if reads.link_contacts else 0
    return {
        "base_position_w": 3,
        "base_quaternion_w": 4,
        "base_linear_velocity_w": 3,
        "base_angular_velocity_w": 3,
        "joint_position": num_joints,
        "joint_velocity": num_joints,
        "joint_effort": num_joints,
        "link_position_w": 3 * num_links if reads.link_positions else 0,
        "link_contact": num_contacts,
        "link_collision": num_links if reads.link_collisions else 0,
        "frame_position_w": 3 * num_frames,
        "frame_quaternion_w": 4 * num_frames,
        "frame_linear_velocity_w": 3 * num_frames,
        "frame_angular_velocity_w": 3 * num_frames,
        "object_position_w": 3 * num_objects,
        "object_quaternion_w": 4 * num_objects,
        "object_linear_velocity_w": 3 * num_objects,
        "object_angular_velocity_w": 3 * num_objects,
        "lidar_range_m": task.robot.lidar.num_rays if task.robot.lidar else 0,
        "link_air_time_s": num_contacts,
        "action": len(task.robot.action_names),
        "command": task.command_size,
    }


@dataclass(kw_only=True)
class Start:
    """Where `num_rows` environments begin, or are pushed on from; start terms change the arrays in place."""

    base_position_w: np.ndarray
    base_quaternion_w: np.ndarray
    base_linear_velocity_w: np.ndarray
    base_angular_velocity_w: np.ndarray
    joint_position: np.ndarray
    joint_velocity: np.ndarray
    object_position_w: np.ndarray
    """(num_rows, num_objects, 3) m, of every object, ghosts included, in the task's order."""
    object_quaternion_w: np.ndarray
    """(num_rows, num_objects, 4)."""
    command: np.ndarray
    """(num_rows, sum of the commands' lengths); filled by the command terms."""
    terrain: HeightField
    dynamics: Dynamics
    control_dt_s: float
    levels: np.ndarray
    """(num_rows, num_curricula) in 0..1."""
    extra: dict[str, np.ndarray] = field(default_factory=dict)
    """For terms of one task to leave something to each other."""


def default_start(
    task: TaskSpec,
    model: RobotModel,
    *,
    num_rows: int,
    dynamics: Dynamics | None = None,
    terrain: HeightField = FLAT,
) -> Start:
    """Return the robot at rest in its default pose and every object in its place, `num_rows` times."""

    def rows(values: object) -> np.ndarray:
        return np.asarray(values, dtype=np.float64)[None].repeat(num_rows, axis=0)

    robot, objects = task.robot, task.objects
    return Start(
        base_position_w=rows(robot.start_position_w),
        base_quaternion_w=rows(robot.start_quaternion_w),
        base_linear_velocity_w=np.zeros((num_rows, 3)),
        base_angular_velocity_w=np.zeros((num_rows, 3)),
        joint_position=rows(model.default_joint_position),
        joint_velocity=np.zeros((num_rows, len(model.joint_names))),
        object_position_w=rows([each.start_position_w for each in objects] or np.zeros((0, 3))),
        object_quaternion_w=rows([each.start_quaternion_w for each in objects] or np.zeros((0, 4))),
        command=np.zeros((num_rows, task.command_size)),
        terrain=terrain,
        dynamics=dynamics or own_dynamics(task, model, num_rows=num_rows),
        control_dt_s=task.control_dt_s,
        levels=np.ones((num_rows, len(task.curriculum))),
    )
