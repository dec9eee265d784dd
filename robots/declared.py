"""Make a task of a mapping, such as a robot's YAML file holds: a robot and a task with no Python.

The keys are the fields of TaskSpec and, under `robot`, of RobotSpec (robots/spec.py); robots/declared_terms.py reads
the terms. Reads no file and no model: names of joints and links are checked when the model is loaded. The format is
described in docs/your-own-robot.md. Called by engine/tasks.py and robots/check.py.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robots.control import Control, EffortControl, EndEffectorControl, MotorControl, PositionControl
from robots.declared_terms import KINDS, read_group, read_success, read_term
from robots.errors import TaskDefinitionError, suggest
from robots.fields import as_mapping, below, check_keys, read_dataclass
from robots.model_file import PACKAGED
from robots.scene import Ground
from robots.spec import GoalSpec, RobotSpec, TaskSpec

MODE = "mode"
"""Key of a control that names its kind."""
CONTROLS: dict[str, type[Any]] = {
    "position": PositionControl,
    "effort": EffortControl,
    "motors": MotorControl,
    "end_effector": EndEffectorControl,
}


def declare(mapping: Mapping[str, Any], *, source: Path) -> TaskSpec:
    """Return the task that `mapping`, read from the file `source`, declares; models are relative to that file.

    Raises TaskDefinitionError, which names the file and the key.
    """
    where = f"{source}:"
    raw = dict(as_mapping(mapping, where))
    check_keys(raw, field_names(TaskSpec), where)
    raw = {"id": source.stem, "reward_range": (-math.inf, math.inf), **raw}
    given: dict[str, Any] = {"robot": _read_robot(raw.pop("robot", None), below(where, "robot"), source)}
    for group in KINDS:
        given[group] = read_group(group, raw.pop(group, None), below(where, group))
    if "success" in raw:
        given["success"] = read_success(raw.pop("success"), below(where, "success"))
    if "goal" in raw:
        given["goal"] = _read_goal(raw.pop("goal"), below(where, "goal"))
    if raw.get("ground") is not None:
        given["ground"] = _read_ground(raw.pop("ground"), below(where, "ground"), source)
    return _build(TaskSpec, raw, where, given, name=raw["id"])


def field_names(cls: type[Any]) -> list[str]:
    """Return the names of a dataclass's fields: the keys of its mapping."""
    return [field.name for field in dataclasses.fields(cls)]


def _read_robot(raw: object, where: str, source: Path) -> RobotSpec:
    raw = dict(as_mapping(raw, where))
    check_keys(raw, field_names(RobotSpec), where)
    raw.setdefault("name", source.stem)
    given = {"control": _read_control(raw.pop("control", None), below(where, "control"))}
    _find_model(raw, where, source)
    return _build(RobotSpec, raw, where, given, name=raw["name"])


def _read_control(raw: object, where: str) -> Control:
    raw = dict(as_mapping(raw, where))
    mode = raw.pop(MODE, None)
    if mode not in CONTROLS:
        seen = "missing" if mode is None else f"got {mode!r}"
        raise TaskDefinitionError(f"{below(where, MODE)}: {seen}{suggest(str(mode or ''), CONTROLS)}")
    return read_dataclass(CONTROLS[mode], raw, where)


def _read_goal(raw: object, where: str) -> GoalSpec:
    raw = dict(as_mapping(raw, where))
    check_keys(raw, field_names(GoalSpec), where)
    achieved = read_term("observations", "achieved", raw.pop("achieved", None), below(where, "achieved"))
    return read_dataclass(GoalSpec, raw, where, achieved=achieved)


def _read_ground(raw: object, where: str, source: Path) -> Ground:
    raw = dict(as_mapping(raw, where))
    _find_model(raw, where, source)
    return read_dataclass(Ground, raw, where)


def _find_model(raw: dict[str, Any], where: str, source: Path) -> None:
    """Make the path of a model, which is relative to the file, one from here."""
    if "model" not in raw:
        return
    model = raw["model"]
    if not isinstance(model, str) or not model.strip():
        raise TaskDefinitionError(f"{below(where, 'model')}: expected the path of a URDF or MJCF file, got {model!r}")
    if not model.startswith(PACKAGED):
        raw["model"] = str(source.parent / model)


def _build(cls: type[Any], raw: dict[str, Any], where: str, given: dict[str, Any], *, name: str) -> Any:
    try:
        return read_dataclass(cls, raw, where, **given)
    except TaskDefinitionError as err:
        text = str(err)
        if text.startswith(where):
            raise
        # What the specification itself refuses begins with its name.
        key, _, rest = text.removeprefix(f"{name}: ").partition(": ")
        raise TaskDefinitionError(f"{below(where, key)}: {rest}") from None
