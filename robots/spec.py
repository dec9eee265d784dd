"""What a robot and a task are: frozen data, checked when it is built.

A task is a robot plus named terms (robots/term_specs.py). Joint and link names are checked later, against the model, by
robots/binding.py. Imports no physics and no numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from robots.control import (
    Control,
    EffortControl,
    EndEffectorControl,
    Motor,
    MotorControl,
    MotorMode,
    PositionControl,
)
from robots.errors import TaskDefinitionError, suggest
from robots.scene import Camera, Ground, Lidar, ObjectKind, ObjectSpec, Terrain
from robots.term_specs import (
    GROUPS,
    CommandTerm,
    CurriculumTerm,
    DisturbanceTerm,
    ObservationTerm,
    RandomizationTerm,
    ResetTerm,
    RewardTerm,
    SuccessTerm,
    Term,
    TerminationTerm,
    check_term,
)

__all__ = [
    "Camera",
    "CommandTerm",
    "CurriculumTerm",
    "DisturbanceTerm",
    "EffortControl",
    "EndEffectorControl",
    "GoalSpec",
    "Ground",
    "Lidar",
    "Motor",
    "MotorControl",
    "MotorMode",
    "ObjectKind",
    "ObjectSpec",
    "ObservationTerm",
    "PositionControl",
    "RandomizationTerm",
    "ResetTerm",
    "RewardTerm",
    "RobotSpec",
    "Solver",
    "Substeps",
    "SuccessTerm",
    "TaskSpec",
    "TerminationTerm",
    "Terrain",
]  # fmt: skip


class Substeps(Enum):
    """How one control step is divided into physics steps."""

    IN_SOLVER = "one call of the engine, which divides the step; efforts stay constant over it"
    IN_CALLS = "one call of the engine per physics step; efforts are computed anew for each"


@dataclass(frozen=True, kw_only=True)
class RobotSpec:
    """A model file, its joints and how they are driven."""

    name: str
    model: str
    """URDF or MJCF (.xml) file; "pybullet_data/..." is a file of that package."""
    joints: tuple[str, ...]
    """Driven joints; what each does is in the control."""
    control: Control
    camera: Camera
    passive_joints: tuple[str, ...] = ()
    """Joints that move freely; in the state they come after the driven ones."""
    start_position_w: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Base's centre of mass at the start (m); of a robot from a URDF that is fixed, where its root's frame stands."""
    start_quaternion_w: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)
    default_joint_position: Mapping[str, float] = field(default_factory=dict)
    """Pose at the start and centre of position control (rad or m); 0 where not given."""
    is_fixed: bool = False
    """The model's root does not move."""
    base_link: str = ""
    """Link that counts as the base in the state, of a robot whose fixed root carries it on sliding joints; empty: the
    root."""
    base_axes: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)
    """Quaternion x, y, z, w for a model that does not look along x with z up: where ahead, left and up of the base are
    in the model's own axes. State and start_quaternion_w speak of these."""
    has_self_collision: bool = False
    """Links may touch each other, except a link and its ancestors."""
    link_friction: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Lateral and spinning friction by link, where they are not the model's."""
    has_round_cylinders: bool = False
    """Cylinders of a URDF are round, so that wheels roll; otherwise the engine makes prisms of them."""
    lidar: Lidar | None = None

    def __post_init__(self) -> None:
        if not self.joints:
            raise TaskDefinitionError(f"{self.name}: joints: none is driven; name at least one")
        for joint in self.default_joint_position:
            if joint not in self.all_joints:
                raise TaskDefinitionError(
                    f"{self.name}: default_joint_position: no joint {joint!r}{suggest(joint, self.all_joints)}"
                )
        self.control.check(f"{self.name}: control", self.joints)

    @property
    def all_joints(self) -> tuple[str, ...]:
        """Driven joints, then passive ones: the order of every joint array."""
        return self.joints + self.passive_joints

    @property
    def action_names(self) -> tuple[str, ...]:
        """What each element of the action drives."""
        return self.control.action_names(self.joints)


@dataclass(frozen=True, kw_only=True)
class Solver:
    """How the equations of motion are solved; the defaults are PyBullet's."""

    substeps: Substeps = Substeps.IN_CALLS
    num_iterations: int = 50
    contact_erp: float | None = None
    """Share of a penetration that is repaired per physics step, 0..1; None leaves the engine's own."""
    gravity_m_s2: float = 9.81
    has_friction_pyramid: bool = False
    """Friction is limited along the world's x and y, each by itself, instead of in all directions alike."""
    has_late_frames: bool = False
    """Frames of links, too, are those before the last physics step: what PyBullet gives unless asked to compute them
    anew. Positions of links, and the pose of a `base_link`, always are."""


@dataclass(frozen=True, kw_only=True)
class GoalSpec:
    """A goal that can be exchanged afterwards, which hindsight experience replay needs.

    The observation begins with the terms `achieved_goal` and `desired_goal`; the reward is the single term `goal`:
    sparse, -1 until the distance is within the threshold, then 0; dense, minus the distance.
    """

    achieved: ObservationTerm
    """function(state, **params) -> (num_envs, dim), in m."""
    command: str
    """Command term that draws the desired goal, of the same length."""
    threshold_m: float
    """Distance from which the goal counts as reached."""
    reward: str = "sparse"
    """sparse or dense."""
    terminates: bool = True
    """Reaching the goal ends the episode, under the name `success`."""


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
    """Empty if there is a `goal`, which brings its own."""
    reward_range: tuple[float, float]
    """Bounds of the reward of one step."""
    terminations: Mapping[str, TerminationTerm] = field(default_factory=dict)
    resets: Mapping[str, ResetTerm] = field(default_factory=dict)
    commands: Mapping[str, CommandTerm] = field(default_factory=dict)
    randomizations: Mapping[str, RandomizationTerm] = field(default_factory=dict)
    disturbances: Mapping[str, DisturbanceTerm] = field(default_factory=dict)
    curriculum: Mapping[str, CurriculumTerm] = field(default_factory=dict)
    goal: GoalSpec | None = None
    success: SuccessTerm | None = None
    """None with a `goal`: its threshold decides."""
    objects: tuple[ObjectSpec, ...] = ()
    ground: Ground | None = None
    solver: Solver = field(default_factory=Solver)

    def __post_init__(self) -> None:
        self._check_times()
        self._check_goal()
        for group in ("observations",) if self.goal else ("observations", "rewards"):
            if not getattr(self, group):
                raise TaskDefinitionError(f"{self.id}: {group}: there is none; a task needs at least one term")
        if self.reward_range[0] > self.reward_range[1]:
            low, high = self.reward_range
            raise TaskDefinitionError(f"{self.id}: reward_range: {low:g} is above {high:g}; the lowest comes first")
        for path, term in self.terms().items():
            check_term(f"{self.id}: {path}", term, curricula=tuple(self.curriculum))
        names = [each.name for each in self.objects]
        for name in names:
            if names.count(name) > 1:
                raise TaskDefinitionError(f"{self.id}: objects: two are called {name!r}; names must differ")

    @property
    def num_substeps(self) -> int:
        """Physics steps per control step."""
        return round(self.control_dt_s / self.physics_dt_s)

    @property
    def max_episode_steps(self) -> int:
        """Time limit in control steps."""
        return round(self.episode_length_s / self.control_dt_s)

    @property
    def has_success(self) -> bool:
        """Whether an episode succeeds or fails besides having a return."""
        return self.goal is not None or self.success is not None

    @property
    def command_size(self) -> int:
        """Length of all commands together."""
        return sum(term.size for term in self.commands.values())

    @property
    def bodies(self) -> tuple[ObjectSpec, ...]:
        """Every object but ghosts: those whose state is read."""
        return tuple(each for each in self.objects if each.kind is not ObjectKind.GHOST)

    def terms(self) -> dict[str, Term]:
        """Return every term under its path, such as "rewards.alive"."""
        found: dict[str, Term] = {
            f"{group}.{name}": term for group in GROUPS for name, term in getattr(self, group).items()
        }
        if self.success is not None:
            found["success"] = self.success
        if self.goal is not None:
            found["goal.achieved"] = self.goal.achieved
        return found

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

    def _check_goal(self) -> None:
        if self.goal is None:
            return
        where = f"{self.id}: goal"
        if self.goal.command not in self.commands:
            raise TaskDefinitionError(
                f"{where}.command: no command term {self.goal.command!r}{suggest(self.goal.command, self.commands)}"
            )
        if self.goal.reward not in ("sparse", "dense"):
            raise TaskDefinitionError(f"{where}.reward: got {self.goal.reward!r}; allowed: sparse, dense.")
        if self.rewards or self.success:
            raise TaskDefinitionError(
                f"{where}: it decides reward and success, which are computed again for other goals; "
                "leave out `rewards` and `success`"
            )


def _check_multiple(task_id: str, **times: float) -> None:
    (name, value), (base_name, base) = times.items()
    ratio = value / base
    if abs(ratio - round(ratio)) > 1e-6:
        raise TaskDefinitionError(
            f"{task_id}: {name}: {value} s is not a whole multiple of {base_name} = {base} s; "
            f"nearest is {round(ratio) * base:g} s"
        )
