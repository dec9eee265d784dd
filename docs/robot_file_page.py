"""Write docs/robot-file.md from the code, every key of a robot's YAML file and every term.

`python docs/robot_file_page.py`. A test fails when the page is stale.
"""

import ast
import dataclasses
import inspect
import textwrap
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from robots.control import Motor
from robots.declared import CONTROLS
from robots.declared_terms import KINDS
from robots.fields import in_words
from robots.scene import Camera, Ground, Lidar, ObjectSpec, Terrain
from robots.spec import GoalSpec, RobotSpec, Solver, TaskSpec
from robots.term_text import describe_terms

PAGE = Path(__file__).with_name("robot-file.md")
MEANINGS = {
    "id": "Name of the task.",
    "name": "Name that tells it from others.",
    "control": "See `robot.control` below.",
    "camera": "See `robot.camera` below.",
    "lidar": "See `robot.lidar` below.",
    "terrain": "See `ground.terrain` below.",
    "start_quaternion_w": "Orientation at the start: x, y, z, w.",
    "physics_dt_s": "Time of one step of the physics engine (s).",
    "distance_m": "From the point looked at (m).",
    "follows_base": "The point looked at moves with the base.",
    "num_tiles": "Tiles in the row.",
    "lateral_friction": "Coefficient of friction.",
    "num_rays": "Rays side by side.",
    "weight": "Carries the sign; nothing else scales the term.",
}
"""Of fields that speak for themselves in Python."""
OPTIONAL = {"id": "the file's name", "name": "the file's name", "reward_range": "no bounds"}
"""Fields that a file may leave out although Python may not."""


def main() -> None:
    """Write the page."""
    PAGE.write_text(build(), encoding="utf-8")


def build() -> str:
    """Return the whole page as Markdown."""
    parts = [
        "# The robot file",
        "Generated from the code by `python docs/robot_file_page.py`; do not edit. Every key and every term; "
        "[your own robot](your-own-robot.md) is the guide.",
        "## Keys of the file",
        _table_of(TaskSpec),
        "## `robot`",
        "Paths of models are relative to the file; `pybullet_data/…` is one that PyBullet brings.",
        _table_of(RobotSpec),
        "## `robot.control`",
        f"`mode` is {', '.join(f'`{mode}`' for mode in CONTROLS)}. A number for each joint may be one number for all.",
    ]
    for mode, control in CONTROLS.items():
        parts += [f"### `mode: {mode}`", _first_paragraph(control), _table_of(control)]
    for title, cls in (
        ("Each of `motors`", Motor), ("`robot.camera`", Camera), ("`robot.lidar`", Lidar), ("`ground`", Ground),
        ("`ground.terrain`", Terrain), ("Each of `objects`", ObjectSpec), ("`goal`", GoalSpec), ("`solver`", Solver),
    ):  # fmt: skip
        parts += [f"### {title}", _first_paragraph(cls), _table_of(cls)]
    parts += [
        "## Terms",
        "A term is `NAME: {term: FUNCTION, …}` in its group, with the function's parameters and the group's own keys. "
        "Without `term` the function is that of the term's name. `joints`, links, `frames`, `objects` and "
        "`observations` are lists of names, or `all`; `command` is the name of one command. `success` is a term of the "
        "group `terminations`.",
    ]
    for group, kind in KINDS.items():
        parts += [f"### `{group}`", _first_paragraph(kind), _table_of(kind), _terms(group)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _terms(group: str) -> str:
    rows = [
        (f"`{term.name}`", ", ".join(f"`{each}`" for each in term.parameters) or "–", term.meaning)
        for term in describe_terms(group)
    ]
    return _table(("Function", "Parameters", "Meaning"), rows) if rows else "No function yet."


def _table_of(cls: type[Any]) -> str:
    hints = typing.get_type_hints(cls, localns={"np": np, "Callable": Callable, "Mapping": Mapping})
    docs = dict(_field_docs(cls))
    rows = [
        (f"`{field.name}`", _kind(hints[field.name]), _default(field, cls), docs.get(field.name, _meaning(field.name)))
        for field in dataclasses.fields(cls)
        if field.name not in ("function", "params") or cls in (GoalSpec, Terrain)
    ]
    return _table(("Key", "Kind", "Default", "Meaning"), rows) if rows else ""


def _kind(hint: Any) -> str:
    options = [each for each in typing.get_args(hint) or (hint,) if isinstance(each, type) and issubclass(each, Enum)]
    return in_words(options[0]) if options else in_words(hint)


def _meaning(name: str) -> str:
    if name in (*KINDS, "robot", "goal", "objects", "ground", "solver"):
        return f"See `{name}` below."
    return MEANINGS.get(name, name.removesuffix("_deg").removesuffix("_m").replace("_", " ").capitalize() + ".")


def _default(field: "dataclasses.Field[Any]", cls: type[Any]) -> str:
    if cls in (TaskSpec, RobotSpec) and field.name in OPTIONAL:
        return OPTIONAL[field.name]
    if field.default is dataclasses.MISSING:
        return "required" if field.default_factory is dataclasses.MISSING else "–"
    value = field.default
    if isinstance(value, Enum):
        return f"`{value.name.lower()}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "–" if value in (None, "", ()) else f"`{list(value) if isinstance(value, tuple) else value}`"


def _field_docs(cls: type[Any]) -> Iterator[tuple[str, str]]:
    """Yield the docstring line under each field of a dataclass and of its bases."""
    for base in reversed(cls.__mro__):
        if not dataclasses.is_dataclass(base):
            continue
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        assert isinstance(definition, ast.ClassDef)
        for field, after in zip(definition.body, definition.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(after, ast.Expr):
                yield field.target.id, " ".join(str(ast.literal_eval(after.value)).split())


def _first_paragraph(cls: type[Any]) -> str:
    return " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [tuple(header), *(tuple(row) for row in rows)]
    cells = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([cells[0], "|" + " --- |" * len(lines[0]), *cells[1:]])


if __name__ == "__main__":
    main()
