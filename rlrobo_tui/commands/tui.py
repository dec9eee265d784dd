"""`rlrobo tui`: the terminal app, where the terminal can show it."""

import os
import sys
from typing import Annotated

import typer

from engine.protocol.errors import UsageError
from engine.protocol.settings import read_settings
from rlrobo_tui.commands.options import complete_runs, named_run
from rlrobo_tui.console import uses_ascii


def tui(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run to open first.", autocompletion=complete_runs)] = "",
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Draw with ASCII characters only.")] = False,
) -> None:
    """Open the terminal app."""
    opened = named_run(run) if run else None
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the app needs a terminal, and stdin or stdout is none; use `rlrobo watch --plain` instead.")
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise UsageError("TERM is dumb or not set, so the app cannot draw; use `rlrobo watch --plain` instead.")
    from rlrobo_tui.app import run_app

    run_app(read_settings().runs_dir, run=opened, ascii=ascii_only or uses_ascii())
