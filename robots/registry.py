"""Every task by its id, as data: listing tasks imports neither physics nor numpy.

The sizes and lengths repeat what the task itself declares, so that a screen can show them without
loading it; tests/test_every_task.py proves them equal. Called by everyone who offers or needs a task.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from robots.errors import TaskDefinitionError, UnknownTaskError, suggest

if TYPE_CHECKING:
    from robots.spec import TaskSpec


@dataclass(frozen=True, kw_only=True)
class TaskEntry:
    """What can be said about a task without loading it."""

    id: str
    """Name that people type; also its Gymnasium id, `rlrobo/<id>-v0`."""
    factory: str
    """"module:function"; the function takes nothing and returns the TaskSpec."""
    summary: str
    """One sentence."""
    robot: str
    """Name of the robot, as in its RobotSpec."""
    observation_size: int
    """Length of one observation."""
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

    @property
    def max_episode_steps(self) -> int:
        """Time limit in steps."""
        return round(self.episode_length_s / self.control_dt_s)


TASKS: dict[str, TaskEntry] = {}


def register(entry: TaskEntry) -> None:
    """Add a task. Raises TaskDefinitionError when its id is taken."""
    if entry.id in TASKS:
        raise TaskDefinitionError(
            f"{entry.id}: id: already registered for {TASKS[entry.id].factory}; choose another id for {entry.factory}"
        )
    TASKS[entry.id] = entry


def task_ids() -> list[str]:
    """Return the ids in the order of registration."""
    return list(TASKS)


def find_task(task_id: str) -> TaskEntry:
    """Return the entry of a task. Raises UnknownTaskError."""
    if task_id not in TASKS:
        raise UnknownTaskError(f"{task_id or '(no name)'}: no such task{suggest(task_id, TASKS)}")
    return TASKS[task_id]


def load_task(task_id: str) -> TaskSpec:
    """Import the task's module and build its specification. Raises UnknownTaskError."""
    module_name, function_name = find_task(task_id).factory.split(":")
    return getattr(importlib.import_module(module_name), function_name)()


register(
    TaskEntry(
        id="cartpole_balance",
        factory="robots.cartpole:cartpole_balance",
        summary="Keep a pole upright on a cart by pushing the cart along its rail.",
        robot="cartpole",
        observation_size=4,
        action_size=1,
        solved_return=475.0,
        random_return=26.0,
        episode_length_s=10.0,
        control_dt_s=0.02,
        licence="zlib, bullet3 (pybullet_data/cartpole.urdf)",
    )
)
register(
    TaskEntry(
        id="ant_walk",
        factory="robots.ant:ant_walk",
        summary="Walk ahead on four legs; the benchmark task AntBulletEnv-v0.",
        robot="ant",
        observation_size=28,
        action_size=8,
        solved_return=2500.0,
        random_return=406.0,
        episode_length_s=16.5,
        control_dt_s=0.0165,
        licence="zlib, bullet3 (pybullet_data/mjcf/ant.xml, from OpenAI Roboschool, MIT)",
    )
)
register(
    TaskEntry(
        id="a1_walk",
        factory="robots.a1:a1_walk",
        summary="Trot ahead at 0.5 m/s with the Unitree A1 quadruped.",
        robot="a1",
        observation_size=45,
        action_size=12,
        solved_return=500.0,
        random_return=-59.0,
        episode_length_s=10.0,
        control_dt_s=0.02,
        licence="MPL-2.0, bullet3 (pybullet_data/a1, a Unitree A1)",
    )
)
