"""`rlrobo robots`: the tasks that can be trained, without loading any of them."""

import dataclasses

from rlrobo_tui.commands.options import JsonOption
from rlrobo_tui.console import narrate, print_json, print_table
from robots.registry import TASKS


def robots(as_json: JsonOption = False) -> None:
    """List the tasks and their robots."""
    if as_json:
        print_json([dataclasses.asdict(entry) for entry in TASKS.values()])
        return
    headers = ["TASK", "ROBOT", ">OBS", ">ACT", ">EPISODE", ">STEP", ">RANDOM", ">SOLVED", "SUMMARY"]
    rows = [
        (
            entry.id,
            entry.robot,
            str(entry.observation_size),
            str(entry.action_size),
            f"{entry.episode_length_s:g} s",
            f"{entry.control_dt_s * 1000:g} ms",
            f"{entry.random_return:g}",
            f"{entry.solved_return:g}",
            entry.summary,
        )
        for entry in TASKS.values()
    ]
    print_table(headers, rows)
    narrate("Train one with `rlrobo train TASK`. RANDOM and SOLVED are mean returns.")
