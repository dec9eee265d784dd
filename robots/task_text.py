"""Say in words and tables what a task declares; loads no physics.

Called by docs/robots_page.py and `rlrobo robots show`.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from enum import Enum

from robots.catalogue.entry import TaskEntry
from robots.control import Control, EffortControl, EndEffectorControl, MotorControl, PositionControl, per_joint
from robots.spec import RewardTerm, TaskSpec, Term

Rows = list[tuple[str, ...]]
_ROW = re.compile(r"^ *\|.*\|$", re.MULTILINE)


def observation_rows(entry: TaskEntry) -> Rows:
    """Return the table of the task's docstring: index, observation, unit, the header first."""
    lines = _ROW.findall(inspect.getdoc(_factory(entry)) or "")
    rows = [tuple(cell.strip() for cell in line.strip().strip("|").split("|")) for line in lines]
    return [row for row in rows if not set(row[0]) <= {"-"}]


def prose(entry: TaskEntry) -> list[str]:
    """Return the paragraphs of the task's docstring, without its first line and its table."""
    doc = inspect.getdoc(_factory(entry)) or ""
    paragraphs = _ROW.sub("", doc.partition("\n")[2]).split("\n\n")
    return [" ".join(paragraph.split()) for paragraph in paragraphs if paragraph.strip()]


def action_rows(task: TaskSpec) -> Rows:
    """Return index, what it drives and what action 1 means, for each element of the action."""
    meanings = _meanings(task.robot.control, task.robot.joints)
    return [
        (str(index), name, meaning)
        for index, (name, meaning) in enumerate(zip(task.robot.action_names, meanings, strict=False))
    ]


def term_rows(terms: Mapping[str, Term]) -> Rows:
    """Return name, weight (of a reward term), what it is and its parameters, for each term."""
    rows = []
    for name, term in terms.items():
        weight = f"{term.weight:g}" if isinstance(term, RewardTerm) else ""
        params = ", ".join(f"{key} = {value_text(value)}" for key, value in term.params.items())
        rows.append((name, weight, first_sentence(term.function), params))
    return rows


def goal_text(task: TaskSpec) -> str:
    """Return what the reward of a goal task is."""
    goal = task.goal
    assert goal is not None
    threshold = f"within {goal.threshold_m:g} m"
    if goal.reward == "dense":
        return f"minus the distance (m) of the achieved goal from the desired one, reached {threshold} (dense)."
    return f"-1 until the achieved goal is {threshold} of the desired one, then 0 (sparse)."


def first_sentence(function: object) -> str:
    """Return the first sentence of a term's docstring, as a noun."""
    paragraph = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
    sentence, dot, _ = paragraph.partition(". ")
    return (sentence + dot).rstrip().removeprefix("Return ")


def value_text(value: object) -> str:
    """Write a parameter for a person."""
    if isinstance(value, list | tuple):
        return ", ".join(value_text(each) for each in value)
    if isinstance(value, Enum):
        return value.name.lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _meanings(control: Control, joints: tuple[str, ...]) -> list[str]:
    if isinstance(control, EffortControl):
        return [f"{effort:g} N·m or N" for effort in per_joint(control.effort, joints)]
    if isinstance(control, PositionControl):
        scales = per_joint(control.action_scale_rad, joints)
        return [f"target {scale:g} rad beyond the default pose" for scale in scales]
    if isinstance(control, MotorControl):
        return [_mixed(control, index) for index in range(len(control.actions))]
    assert isinstance(control, EndEffectorControl)
    return [f"hand {control.step_m:g} m further"] * 3 + [f"gripper {control.finger_step_m:g} m wider"]


def _mixed(control: MotorControl, index: int) -> str:
    driven = {name: motor for name, motor in control.motors.items() if motor.gains[index]}
    return ", ".join(f"{name} {motor.mode.value} {motor.gains[index]:g}" for name, motor in driven.items())


def _factory(entry: TaskEntry) -> object:
    module, name = entry.factory.split(":")
    return getattr(importlib.import_module(module), name)
