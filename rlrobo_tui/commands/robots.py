"""`rlrobo robots`: the tasks that can be trained, what each consists of, and the terms that tasks are made of.

Loads no physics. Making and checking a robot of one's own is in own_robot.py.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from engine.protocol.errors import UsageError
from engine.protocol.yaml_loader import load_yaml_file
from rlrobo_tui.commands.options import JsonOption, complete_tasks
from rlrobo_tui.commands.own_robot import check, new
from rlrobo_tui.commands.task_facts import offer_plugins
from rlrobo_tui.console import narrate, print_data, print_json, print_table
from robots.catalogue.entry import TaskEntry
from robots.errors import suggest
from robots.registry import TASKS, find_task, load_task
from robots.spec import TaskSpec
from robots.term_specs import GROUPS

robots = typer.Typer(
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@robots.callback()
def list_tasks(
    context: typer.Context,
    *,
    family: Annotated[str, typer.Option(help="Only tasks of this family, such as legged.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List the tasks and their robots; make and check a robot of your own."""
    if context.invoked_subcommand is not None:
        return
    offer_plugins()
    entries = _of_family(family)
    if as_json:
        print_json([dataclasses.asdict(entry) for entry in entries])
        return
    headers = ["TASK", "FAMILY", "ROBOT", ">OBS", ">ACT", ">EPISODE", ">STEP", ">RANDOM", ">SOLVED", "SUMMARY"]
    print_table(headers, map(_row, sorted(entries, key=lambda entry: _families().index(entry.family))))
    for entry in entries:
        if entry.origin:
            narrate(f"{entry.id} comes from the plug-in {entry.origin}.")
    narrate(
        "Train one with `rlrobo train TASK`; `rlrobo robots show TASK` says more. RANDOM and SOLVED are mean returns."
    )
    narrate("A robot of your own: `rlrobo robots new my_robot.urdf`.")


@robots.command()
def show(
    task: Annotated[
        str, typer.Argument(metavar="TASK|FILE.yaml", help="Task id or a robot's YAML.", autocompletion=complete_tasks)
    ],
    *,
    as_json: JsonOption = False,
) -> None:
    """Say what a task consists of: observation, action, reward, what ends an episode."""
    from robots.declared import declare

    if task.endswith((".yaml", ".yml")):
        path = Path(task)
        _show(declare(load_yaml_file(path, None), source=path), None, as_json=as_json)
        return
    offer_plugins(task)
    _show(load_task(task), find_task(task), as_json=as_json)


@robots.command()
def terms(
    group: Annotated[str, typer.Argument(metavar="GROUP", help="Only this group, such as rewards.")] = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """List the terms that a robot's YAML can name, with their parameters."""
    from robots.term_text import TermText, describe_terms

    if group and group not in GROUPS:
        raise UsageError(f"{group}: no group of terms{suggest(group, GROUPS)}")
    offer_plugins()
    found: list[TermText] = [term for each in GROUPS if group in ("", each) for term in describe_terms(each)]
    if as_json:
        print_json([dataclasses.asdict(term) for term in found])
        return
    print_table(
        ["GROUP", "TERM", "PARAMETERS", "MEANING"],
        [(term.group, term.name, ", ".join(term.parameters) or "-", term.meaning) for term in found],
    )


robots.command()(new)
robots.command()(check)


def _families() -> list[str]:
    return list(dict.fromkeys(entry.family for entry in TASKS.values()))


def _of_family(family: str) -> list[TaskEntry]:
    if family and family not in _families():
        raise UsageError(f"--family {family}: no such family{suggest(family, _families())}")
    return [entry for entry in TASKS.values() if family in ("", entry.family)]


def _row(entry: TaskEntry) -> tuple[str, ...]:
    return (
        entry.id,
        entry.family,
        entry.robot,
        str(entry.observation_size),
        str(entry.action_size),
        f"{entry.episode_length_s:g} s",
        f"{entry.control_dt_s * 1000:g} ms",
        f"{entry.random_return:g}",
        f"{entry.solved_return:g}",
        entry.summary,
    )


def _show(task: TaskSpec, entry: TaskEntry | None, *, as_json: bool) -> None:
    from robots.task_text import action_rows, goal_text, observation_rows, term_rows

    observations = observation_rows(entry) if entry else []
    groups = {name: term_rows(getattr(task, name)) for name in GROUPS}
    if as_json:
        print_json(
            {
                "task": task.id,
                "entry": dataclasses.asdict(entry) if entry else None,
                "robot": task.robot.name,
                "model": task.robot.model,
                "observation": observations[1:],
                "actions": action_rows(task),
                "goal": goal_text(task) if task.goal else None,
                **groups,
            }
        )
        return
    _print_facts(task, entry)
    if observations:
        _section("Observation", [title.upper() for title in observations[0]], observations[1:])
    _section("Action, each element in [-1, 1]", ["INDEX", "DRIVES", "ACTION 1 MEANS"], action_rows(task))
    if task.goal:
        print_data(f"\nReward\n{goal_text(task)}")
    for name, rows in groups.items():
        if rows and not (name == "observations" and observations):
            _section(name.capitalize(), ["TERM", ">WEIGHT", "MEANING", "PARAMETERS"], rows)
    if entry and entry.params:
        rows = [(p.name, str(p.default), ", ".join(map(str, p.choices)) or "any", p.meaning) for p in entry.params]
        _section("Parameters, as in --set task_params.NAME=VALUE", ["NAME", "DEFAULT", "ALLOWED", "MEANING"], rows)


def _print_facts(task: TaskSpec, entry: TaskEntry | None) -> None:
    print_data(f"{task.id}: {entry.summary if entry else task.robot.model}")
    if entry:
        print_data(
            f"Robot {entry.robot}, family {entry.family}. Random actions return {entry.random_return:g}, "
            f"{entry.solved_return:g} counts as solved. Model: {entry.licence}."
        )
    print_data(
        f"An episode lasts at most {task.episode_length_s:g} s: {task.max_episode_steps} steps of "
        f"{task.control_dt_s:g} s, each of {task.num_substeps} physics steps."
    )


def _section(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table under its title, without columns that are empty throughout."""
    kept = [column for column in range(len(headers)) if any(row[column] for row in rows)]
    print_data(f"\n{title}")
    print_table([headers[column] for column in kept], [[row[column] for column in kept] for row in rows])
