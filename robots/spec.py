"""What a robot and a task are: frozen data, checked when it is built.

A task is a robot plus named terms; a term is a top-level function plus parameters. Joint and link
names are checked later, against the model, by robots/binding.py. Imports no physics and no numpy.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from robots.errors import TaskDefinitionError, suggest

if TYPE_CHECKING:
    import numpy as np

STATE_PARAMETERS = ("state",)
RESET_PARAMETERS = ("start", "rngs")


class Substeps(Enum):
    """How one control step is divided into physics steps."""

    IN_SOLVER = "one call of the engine, which divides the step; efforts stay constant over it"
    IN_CALLS = "one call of the engine per physics step; efforts are computed anew for each"


@dataclass(frozen=True, kw_only=True)
class EffortControl:
    """An action in [-1, 1] is a force or torque."""

    effort: float
    """Force (N) or torque (N·m) of action 1."""


@dataclass(frozen=True, kw_only=True)
class PositionControl:
    """An action in [-1, 1] shifts a joint's target from its default; a PD law turns it into torque.

    torque = stiffness * (target - position) - damping * velocity, within the model's effort limits.
    """

    action_scale_rad: float
    """Shift of action 1."""
    stiffness: float
    """N·m/rad."""
    damping: float
    """N·m·s/rad."""


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Where a viewer looks from; it follows the base."""

    distance_m: float
    yaw_deg: float = 45.0
    pitch_deg: float = -20.0
    target_offset_w: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Point looked at, from the base (m)."""


@dataclass(frozen=True, kw_only=True)
class RobotSpec:
    """A model file, its joints and how they are driven."""

    name: str
    model: str
    """URDF or MJCF (.xml) file; "pybullet_data/..." is a file of that package."""
    joints: tuple[str, ...]
    """Driven joints, in the order of the action."""
    control: EffortControl | PositionControl
    camera: Camera
    passive_joints: tuple[str, ...] = ()
    """Joints that move freely; in the state they come after the driven ones."""
    start_position_w: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Base's centre of mass at the start (m)."""
    default_joint_position: Mapping[str, float] = field(default_factory=dict)
    """Pose at the start and centre of position control (rad or m); 0 where not given."""
    is_fixed: bool = False
    """The base does not move."""
    has_self_collision: bool = False
    """Links may touch each other, except a link and its ancestors."""

    def __post_init__(self) -> None:
        for joint in self.default_joint_position:
            if joint not in self.all_joints:
                raise TaskDefinitionError(
                    f"{self.name}: default_joint_position: no joint {joint!r}{suggest(joint, self.all_joints)}"
                )

    @property
    def all_joints(self) -> tuple[str, ...]:
        """Driven joints, then passive ones: the order of every joint array."""
        return self.joints + self.passive_joints


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A flat, static ground."""

    model: str = "pybullet_data/plane_implicit.urdf"
    lateral_friction: float = 1.0
    restitution: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Solver:
    """How the equations of motion are solved; the defaults are PyBullet's."""

    substeps: Substeps = Substeps.IN_CALLS
    num_iterations: int = 50
    contact_erp: float | None = None
    """Share of a penetration that is repaired per physics step, 0..1; None leaves the engine's own."""
    gravity_m_s2: float = 9.81


@dataclass(frozen=True, kw_only=True)
class ObservationTerm:
    """A part of the observation: function(state, **params) -> (num_envs, dim)."""

    function: Callable[..., np.ndarray]
    params: Mapping[str, Any] = field(default_factory=dict)
    scale: float = 1.0
    clip: tuple[float, float] = (-100.0, 100.0)
    """Bounds after scaling; chosen: legged_gym's clip_observations."""


@dataclass(frozen=True, kw_only=True)
class RewardTerm:
    """A part of the reward: weight * function(state, **params), of shape (num_envs,)."""

    function: Callable[..., np.ndarray]
    weight: float
    """Carries the sign; nothing else scales the term."""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TerminationTerm:
    """A reason to end the episode: function(state, **params) -> (num_envs,) of bool."""

    function: Callable[..., np.ndarray]
    params: Mapping[str, Any] = field(default_factory=dict)
    truncates: bool = False
    """The MDP goes on, only we stop looking; as with the time limit."""


@dataclass(frozen=True, kw_only=True)
class ResetTerm:
    """A change of the start: function(start, rngs, **params), in place, one generator per row."""

    function: Callable[..., None]
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RandomizationTerm:
    """Like ResetTerm, applied after all of them: what varies for robustness, not for the task."""

    function: Callable[..., None]
    params: Mapping[str, Any] = field(default_factory=dict)


Term = ObservationTerm | RewardTerm | TerminationTerm | ResetTerm | RandomizationTerm


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """A robot and what it has to do; each dict maps a term's name to the term, in order."""

    id: str
    robot: RobotSpec
    physics_dt_s: float
    control_dt_s: float
    """Whole multiple of physics_dt_s."""
    episode_length_s: float
    """Time limit, a whole multiple of control_dt_s; reaching it truncates."""
    observations: Mapping[str, ObservationTerm]
    rewards: Mapping[str, RewardTerm]
    reward_range: tuple[float, float]
    """Bounds of the reward of one step."""
    terminations: Mapping[str, TerminationTerm] = field(default_factory=dict)
    resets: Mapping[str, ResetTerm] = field(default_factory=dict)
    randomizations: Mapping[str, RandomizationTerm] = field(default_factory=dict)
    commands: Mapping[str, Any] = field(default_factory=dict)
    """Reserved: goals that change during an episode."""
    curriculum: Mapping[str, Any] = field(default_factory=dict)
    """Reserved: parameters that change during training."""
    ground: Ground | None = None
    solver: Solver = field(default_factory=Solver)

    def __post_init__(self) -> None:
        self._check_times()
        if not self.observations or not self.rewards:
            raise TaskDefinitionError(f"{self.id}: a task needs at least one observation and one reward term")
        for path, term in self.terms().items():
            _check_term(f"{self.id}: {path}", term)

    @property
    def num_substeps(self) -> int:
        """Physics steps per control step."""
        return round(self.control_dt_s / self.physics_dt_s)

    @property
    def max_episode_steps(self) -> int:
        """Time limit in control steps."""
        return round(self.episode_length_s / self.control_dt_s)

    def terms(self) -> dict[str, Term]:
        """Return every term under its path, such as "rewards.alive"."""
        groups = ("observations", "rewards", "terminations", "resets", "randomizations")
        return {f"{group}.{name}": term for group in groups for name, term in getattr(self, group).items()}

    def _check_times(self) -> None:
        if not 0 < self.physics_dt_s <= self.control_dt_s <= self.episode_length_s:
            raise TaskDefinitionError(
                f"{self.id}: times must satisfy 0 < physics_dt_s <= control_dt_s <= episode_length_s; "
                f"got {self.physics_dt_s}, {self.control_dt_s}, {self.episode_length_s}"
            )
        _check_multiple(self.id, control_dt_s=self.control_dt_s, physics_dt_s=self.physics_dt_s)
        _check_multiple(self.id, episode_length_s=self.episode_length_s, control_dt_s=self.control_dt_s)
        if isinstance(self.robot.control, PositionControl) and self.solver.substeps is Substeps.IN_SOLVER:
            raise TaskDefinitionError(
                f"{self.id}: solver.substeps: position control computes efforts for each physics step; "
                "use Substeps.IN_CALLS"
            )


def _check_multiple(task_id: str, **times: float) -> None:
    (name, value), (base_name, base) = times.items()
    ratio = value / base
    if abs(ratio - round(ratio)) > 1e-6:
        raise TaskDefinitionError(
            f"{task_id}: {name}: {value} s is not a whole multiple of {base_name} = {base} s; "
            f"nearest is {round(ratio) * base:g} s"
        )


def _check_term(where: str, term: Term) -> None:
    if not inspect.isfunction(term.function) or "<" in term.function.__qualname__:
        raise TaskDefinitionError(f"{where}: function: a term is a top-level function; got {term.function!r}")
    is_reset = isinstance(term, (ResetTerm, RandomizationTerm))
    leading = RESET_PARAMETERS if is_reset else STATE_PARAMETERS
    signature = inspect.signature(term.function).parameters
    if tuple(signature)[: len(leading)] != leading:
        raise TaskDefinitionError(f"{where}: function: its first parameters must be {', '.join(leading)}")
    allowed = [name for name in signature if name not in leading]
    for name in term.params:
        if name not in allowed:
            raise TaskDefinitionError(f"{where}: unknown parameter {name!r}{suggest(name, allowed)}")
    for name in allowed:
        if name not in term.params and signature[name].default is inspect.Parameter.empty:
            raise TaskDefinitionError(f"{where}: parameter {name!r} is missing")
