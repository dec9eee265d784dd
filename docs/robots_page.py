"""Write docs/robots.md from what the tasks declare: `python docs/robots_page.py [--pictures [TASK…]]`.

With `--pictures` it draws docs/robots/*.jpg, too. A test fails when the page is stale or a task has no picture.
"""

import importlib
import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from robots.catalogue.entry import TaskEntry
from robots.control import EffortControl, EndEffectorControl, MotorControl, PositionControl, per_joint
from robots.registry import TASKS, load_task
from robots.spec import RewardTerm, TaskSpec, Term

PAGE = Path(__file__).with_name("robots.md")
PICTURES = Path(__file__).with_name("robots")
SIZE = (480, 320)
_ROW = re.compile(r"^ *\|.*\|$", re.MULTILINE)


def main() -> None:
    """Write the page; draw every picture, or those of the named tasks, where it is asked for."""
    PAGE.write_text(build(), encoding="utf-8")
    if "--pictures" in sys.argv:
        named = [name for name in sys.argv[1:] if name in TASKS]
        for task_id in named or TASKS:
            draw(task_id)


def build() -> str:
    """Return the whole page as Markdown."""
    intro = (
        "# Robots and tasks\n\nGenerated from the tasks by `python docs/robots_page.py`; do not edit.\n\n"
        "`rlrobo train TASK` trains one, `rlrobo robots` lists them. Every observation and action is a vector of "
        "32-bit numbers, every element of an action lies in [-1, 1], quantities are in SI units, x points ahead, y to "
        "the left and z up. Random return: mean over 30 episodes of uniformly random actions."
    )
    families = dict.fromkeys(entry.family for entry in TASKS.values())
    parts = [intro, _overview()]
    for family in families:
        parts.append(f"## {family.capitalize()}")
        parts += [_task(entry) for entry in TASKS.values() if entry.family == family]
    return "\n\n".join(parts) + "\n"


def observation_rows(entry: TaskEntry) -> list[tuple[str, ...]]:
    """Return the table of the task's docstring: index, observation, unit, the header first."""
    lines = _ROW.findall(inspect.getdoc(_factory(entry)) or "")
    rows = [tuple(cell.strip() for cell in line.strip().strip("|").split("|")) for line in lines]
    return [row for row in rows if not set(row[0]) <= {"-"}]


def draw(task_id: str) -> None:
    """Draw the first state of an episode."""
    from PIL import Image

    from robots.env import RobotEnv
    from robots.render import render_rgb

    env = RobotEnv(task_id)
    env.reset(seed=1)
    picture = render_rgb(env.mdp.simulation, 0, width=SIZE[0], height=SIZE[1])
    env.close()
    PICTURES.mkdir(exist_ok=True)
    Image.fromarray(picture).save(PICTURES / f"{task_id}.jpg", quality=80)


def _overview() -> str:
    rows = (
        (
            f"[`{entry.id}`](#{entry.id})", entry.robot, str(entry.observation_size), str(entry.action_size),
            f"{entry.random_return:g}", f"{entry.solved_return:g}", "yes" if entry.has_success else "–",
        )
        for entry in TASKS.values()
    )  # fmt: skip
    return _table(("Task", "Robot", "Observation", "Action", "Random return", "Solved return", "Success"), rows)


def _task(entry: TaskEntry) -> str:
    task = load_task(entry.id)
    parts = [
        f"### {entry.id}",
        f"![{entry.id}](robots/{entry.id}.jpg)",
        entry.summary,
        _prose(entry),
        "**Observation**",
        _table(*_split(observation_rows(entry))),
        "**Action**",
        _table(("Index", "Drives", "Action 1 means"), _action_rows(task)),
        "**Reward**",
        _rewards(task),
        "**An episode ends**",
        _terms(task.terminations, task) + f"\n- `time_limit` after {entry.episode_length_s:g} s "
        f"({entry.max_episode_steps} steps of {entry.control_dt_s:g} s), which truncates.",
    ]
    for title, terms in (
        ("Commands", task.commands),
        ("Starts", task.resets),
        ("Randomisation", task.randomizations),
        ("Disturbances", task.disturbances),
        ("Curriculum", task.curriculum),
    ):
        if terms:
            parts += [f"**{title}**", _terms(terms, task)]
    if entry.params:
        rows = ((f"`{p.name}`", f"`{p.default}`", _choices(p.choices), p.meaning) for p in entry.params)
        parts += [
            "**Parameters**, as in `--set task_params.NAME=VALUE`",
            _table(("Name", "Default", "Allowed", "Meaning"), rows),
        ]
    parts.append(f"Model: {entry.licence}.")
    return "\n\n".join(part for part in parts if part)


def _prose(entry: TaskEntry) -> str:
    """Return the paragraphs of the factory's docstring, without its first line and its table."""
    doc = inspect.getdoc(_factory(entry)) or ""
    paragraphs = _ROW.sub("", doc.partition("\n")[2]).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs if paragraph.strip())


def _factory(entry: TaskEntry) -> object:
    module, name = entry.factory.split(":")
    return getattr(importlib.import_module(module), name)


def _action_rows(task: TaskSpec) -> Iterable[tuple[str, str, str]]:
    robot, control = task.robot, task.robot.control
    meanings: list[str] = []
    if isinstance(control, EffortControl):
        meanings = [f"{effort:g} N·m or N" for effort in per_joint(control.effort, robot.joints)]
    elif isinstance(control, PositionControl):
        scales = per_joint(control.action_scale_rad, robot.joints)
        meanings = [f"target {scale:g} rad beyond the default pose" for scale in scales]
    elif isinstance(control, MotorControl):
        for index in range(len(control.actions)):
            driven = {name: motor for name, motor in control.motors.items() if motor.gains[index]}
            meanings.append(
                ", ".join(f"{name} {motor.mode.value} {motor.gains[index]:g}" for name, motor in driven.items())
            )
    elif isinstance(control, EndEffectorControl):
        meanings = [f"hand {control.step_m:g} m further"] * 3 + [f"gripper {control.finger_step_m:g} m wider"]
    return (
        (str(index), f"`{name}`", meaning)
        for index, (name, meaning) in enumerate(zip(robot.action_names, meanings, strict=False))
    )


def _rewards(task: TaskSpec) -> str:
    if task.goal is not None:
        return (
            f"- `goal`: {task.goal.reward}; -1 until the achieved goal is within {task.goal.threshold_m:g} m of the "
            "desired one, then 0; with `reward=dense` minus the distance."
        )
    return _terms(task.rewards, task)


def _terms(terms: Mapping[str, Term], task: TaskSpec) -> str:
    lines = []
    for name, term in terms.items():
        sentence = (inspect.getdoc(term.function) or "").partition("\n")[0].removeprefix("Return ")
        weight = f" × {term.weight:g}" if isinstance(term, RewardTerm) else ""
        params = ", ".join(f"{key} = {_value(value)}" for key, value in term.params.items())
        lines.append(f"- `{name}`{weight}: {sentence}" + (f" ({params})" if params else ""))
    if terms is task.terminations and task.goal is not None and task.goal.terminates:
        lines.append("- `success`: the goal is reached.")
    return "\n".join(lines)


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_value(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _choices(choices: tuple[object, ...]) -> str:
    return ", ".join(f"`{choice}`" for choice in choices) or "any"


def _split(rows: list[tuple[str, ...]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    return (rows[0], rows[1:]) if rows else (("index", "observation", "unit"), [])


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [tuple(header), *(tuple(row) for row in rows)]
    cells = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([cells[0], "|" + " --- |" * len(lines[0]), *cells[1:]])


if __name__ == "__main__":
    main()
