"""The `rlrobo` command: which commands there are, and what happens to their errors.

Imports typer and little else, so that `rlrobo --help` and shell completion answer at once; a command's module in
rlrobo_tui/commands/ is imported when it is called.
"""

import importlib
import io
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from engine.protocol.errors import RlroboError
from rlrobo_tui.quick_values import spare_pydantic
from robots.errors import RobotError

COMMANDS = {
    "tui": ("tui:tui", "Open the terminal app."),
    "web": ("web:web", "Show the app in a browser on this machine."),
    "train": ("train:train", "Train a robot; the run goes on when this terminal closes."),
    "runs": ("runs:runs", "List the runs."),
    "watch": ("watch:watch", "Follow a run until it ends. Ctrl-C leaves the run alone."),
    "pause": ("control:pause", "Hold a run; its engine stays and uses next to no CPU."),
    "resume": ("resume:resume", "Let a paused run go on, or go on with a run that ended."),
    "fork": ("fork:fork", "Start a new run from a checkpoint of another one."),
    "stop": ("control:stop", "Save a checkpoint and end a run."),
    "checkpoint": ("control:checkpoint", "Save a checkpoint now."),
    "tag": ("tag:tag", "Give a run tags, take some away, or print them."),
    "set": ("control:set_value", "Change a hyper-parameter of a run while it trains."),
    "evaluate": ("evaluate:evaluate", "Measure what a checkpoint can do."),
    "replay": ("replay:replay", "Show a checkpoint in a window or in this terminal, or record it as a video."),
    "compare": ("compare:compare", "Compare what runs reached, and their configurations."),
    "plot": ("plot:plot", "Draw metrics of runs over their timesteps."),
    "report": ("report:report", "Write a run as one HTML page for somebody else."),
    "robots": ("robots:robots", "List the tasks and their robots; make and check a robot of your own."),
    "cloud": ("cloud:cloud", "Prepare an AWS account, and look after the runs there."),
    "bench": ("bench:bench", "Measure how fast tasks simulate and train, and how light the app is, on this machine."),
    "doctor": ("doctor:doctor", "Check this machine and say how to mend what is missing."),
    "info": ("info:info", "Print where runs, settings, keys, memories, reports and caches lie."),
}
"""Name, where it is (module:function in rlrobo_tui/commands/) and one line for `rlrobo --help`."""

EPILOG = (
    "Exit codes: 0 done; 1 the run or the command failed; 2 the request was wrong; 3 it may succeed when tried again; "
    "4 a budget is used up; 130 interrupted. "
    "RUN is an id, a part of one, a path, or `latest`. Data goes to stdout, everything else to stderr."
)


class LazyGroup(TyperGroup):
    """Lists every command by its line above and imports only the one that is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, (_, summary) in COMMANDS.items():
            self.add_command(TyperCommand(name, help=summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that `args` begin with and import it."""
        name, stub, rest = super().resolve_command(ctx, args)
        return name, stub and load_command(str(name)), rest


app = typer.Typer(
    cls=LazyGroup,
    help="Train robots from the terminal.",
    epilog=EPILOG,
    invoke_without_command=True,
    rich_markup_mode=None,  # typer's rich help takes longer to import than everything else here together
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit; a user's mistake becomes one sentence on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot write ± must not end the command
    spare_pydantic()
    try:
        app(args=arguments, prog_name="rlrobo")
    except (RlroboError, RobotError) as err:
        typer.echo(f"rlrobo: {err}", err=True)
        raise SystemExit(getattr(err, "exit_code", 2)) from None


def load_command(name: str) -> Any:
    """Import the command `name` and return it as typer runs it."""
    module_name, function_name = COMMANDS[name][0].split(":")
    function = getattr(importlib.import_module(f"rlrobo_tui.commands.{module_name}"), function_name)
    if isinstance(function, typer.Typer):  # a command with commands of its own, or of a class of its own
        made = typer.main.get_command(function)
        made.name = name
        return made
    single = typer.Typer(
        add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]}
    )
    single.command(name)(function)
    return typer.main.get_command(single)


@app.callback()
def _start(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if show_version:
        from importlib.metadata import version

        typer.echo(f"rlrobo {version('rlrobo')}")
    elif context.invoked_subcommand is None:
        _open_app_or_help(context)


def _open_app_or_help(context: typer.Context) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        typer.echo(context.get_help())
        return
    from rlrobo_tui.commands.tui import tui

    tui()
