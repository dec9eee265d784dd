"""`rlrobo bench sim`: how fast tasks are on one core, next to the engine alone and to the environments they match.

`bench train` is in bench_train.py, `bench app` in bench_app.py.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from rlrobo_tui.commands.bench_app import app
from rlrobo_tui.commands.bench_train import train
from rlrobo_tui.commands.child import run_child
from rlrobo_tui.commands.options import JsonOption, complete_tasks
from rlrobo_tui.console import narrate, print_json, print_table
from rlrobo_tui.quantities import count_of
from robots.registry import find_task, task_ids

MODULE = "robots.bench"
HEADERS = ("TASK", ">ENVS", ">OURS", ">CEILING", ">RATIO", ">PEER", ">SPEEDUP", ">RESET")


bench = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Measure how fast tasks simulate and train, and how light the app is, on this machine.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@bench.command()
def sim(
    tasks: Annotated[
        list[str] | None, typer.Argument(metavar="TASK...", help="Default: every task.", autocompletion=complete_tasks)
    ] = None,
    *,
    seconds: Annotated[float, typer.Option(min=0.01, help="Processor time for each task.")] = 12.0,
    num_envs: Annotated[
        list[int] | None,
        typer.Option("--num-envs", min=1, help="Batch size; of several the fastest is shown. [default: 8, 16, 32]"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how fast tasks simulate on one core of this machine."""
    chosen = [find_task(task).id for task in tasks or task_ids()]
    narrate(f"Measuring {count_of(len(chosen), 'task')}, {seconds:g} s of processor time each")
    sizes = [text for size in num_envs or [] for text in ("--num-envs", str(size))]
    arguments = [*chosen, "--seconds", str(seconds), *sizes]
    speeds = json.loads(run_child(MODULE, arguments, working_directory=Path.cwd(), listen=_narrate_progress))
    if as_json:
        print_json(speeds)
        return
    print_table(HEADERS, [_row(speed) for speed in speeds])
    narrate(
        "OURS, CEILING and PEER are environment steps per second. CEILING is the physics engine alone, PEER the "
        "environment that a task reproduces, RESET the time of one reset."
    )


bench.command()(train)
bench.command()(app)


def _narrate_progress(message: dict[str, Any]) -> None:
    if task := message.get("done"):
        narrate(f"Measured {task}")


def _row(speed: dict[str, Any]) -> tuple[str, ...]:
    has_peer = speed["peer"] is not None
    return (
        speed["task"],
        str(speed["num_envs"]),
        f"{speed['ours']:,.0f}",
        f"{speed['ceiling']:,.0f}",
        f"{speed['ratio']:.2f}",
        f"{speed['peer']:,.0f}" if has_peer else "-",
        f"{speed['speedup']:.2f}x" if has_peer else "-",
        f"{speed['reset_ms']:.2f} ms",
    )
