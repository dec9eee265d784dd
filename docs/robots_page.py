"""Write docs/robots.md from what the tasks declare: `python docs/robots_page.py [--pictures [TASK…]]`.

With `--pictures` it draws docs/robots/*.jpg, too, and robots/pictures/*.png for the app. A test fails when the page is
stale or a task has no picture.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from robots.catalogue.entry import TaskEntry
from robots.registry import TASKS, load_task
from robots.spec import TaskSpec, Term
from robots.task_text import action_rows, goal_text, observation_rows, prose, term_rows

PAGE = Path(__file__).with_name("robots.md")
PICTURES = Path(__file__).with_name("robots")
SIZE = (480, 320)
SMALL_PICTURES = Path(__file__).parents[1] / "robots" / "pictures"
SMALL_SIZE = (96, 64)
"""Of the app's pictures: two pixels in a character, so that it draws them in 96 columns and 32 lines."""
SAMPLES = 6
"""Drawn pixels for one of the app's, across and down."""


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


def draw(task_id: str) -> None:
    """Draw the first state of an episode: large for the page, small for the app."""
    from PIL import Image

    from robots.env import RobotEnv
    from robots.png import encode_png

    env = RobotEnv(task_id, render_mode="rgb_array")
    env.reset(seed=1)
    picture = env.picture(width=SIZE[0], height=SIZE[1])
    width, height = SMALL_SIZE
    fine = env.picture(width=SAMPLES * width, height=SAMPLES * height)
    env.close()
    PICTURES.mkdir(exist_ok=True)
    Image.fromarray(picture).save(PICTURES / f"{task_id}.jpg", quality=80)
    SMALL_PICTURES.mkdir(exist_ok=True)
    means = fine.reshape(height, SAMPLES, width, SAMPLES, 3).mean(axis=(1, 3))
    (SMALL_PICTURES / f"{task_id}.png").write_bytes(encode_png(means.round().astype("uint8")))


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
        "\n\n".join(prose(entry)),
        "**Observation**",
        _table(*_split(observation_rows(entry))),
        "**Action**",
        _table(
            ("Index", "Drives", "Action 1 means"),
            ((index, f"`{name}`", meaning) for index, name, meaning in action_rows(task)),
        ),
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


def _rewards(task: TaskSpec) -> str:
    return f"- `goal`: {goal_text(task)}" if task.goal is not None else _terms(task.rewards, task)


def _terms(terms: Mapping[str, Term], task: TaskSpec) -> str:
    lines = [
        f"- `{name}`" + (f" × {weight}" if weight else "") + f": {sentence}" + (f" ({params})" if params else "")
        for name, weight, sentence, params in term_rows(terms)
    ]
    if terms is task.terminations and task.goal is not None and task.goal.terminates:
        lines.append("- `success`: the goal is reached.")
    return "\n".join(lines)


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
