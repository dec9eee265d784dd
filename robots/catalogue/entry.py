"""What can be said about a task without loading it."""

from __future__ import annotations

from dataclasses import dataclass

ParamValue = bool | int | float | str
"""What a task's parameter may be; YAML and `--set` can write it."""


@dataclass(frozen=True, kw_only=True)
class TaskParam:
    """A choice that a task leaves to the user: a keyword of its factory."""

    name: str
    default: ParamValue
    meaning: str
    """One sentence, with the unit."""
    choices: tuple[ParamValue, ...] = ()
    """Allowed values; empty: any of the default's type."""


@dataclass(frozen=True, kw_only=True)
class TaskEntry:
    """A task of the registry; sizes and lengths repeat what the task declares, and a test proves them equal."""

    id: str
    """Name that people type; also its Gymnasium id, `rlrobo/<id>-v0`."""
    factory: str
    """"module:function"; the function takes the task's parameters as keywords and returns the TaskSpec."""
    summary: str
    """One sentence."""
    robot: str
    """Name of the robot, as in its RobotSpec."""
    observation_size: int
    """Length of one observation; of a goal task, achieved and desired goal included."""
    action_size: int
    """Length of one action; every element is in [-1, 1]."""
    solved_return: float
    """Mean return from which the task counts as solved; its source is in the task's docstring."""
    random_return: float
    """Measured mean return of uniformly random actions."""
    episode_length_s: float
    """Time limit."""
    control_dt_s: float
    """Time of one step."""
    licence: str
    """Licence and source of the robot's model."""
    family: str = "other"
    """Heading that lists put it under: classic, legged, manipulation, navigation, or a plug-in's own."""
    goal_size: int = 0
    """Length of a goal; 0: not a goal task."""
    has_success: bool = False
    """Whether an episode succeeds or fails besides having a return."""
    params: tuple[TaskParam, ...] = ()
    """What the user may choose."""
    origin: str = ""
    """Plug-in that brought it; empty: built in."""

    @property
    def max_episode_steps(self) -> int:
        """Time limit in steps."""
        return round(self.episode_length_s / self.control_dt_s)
