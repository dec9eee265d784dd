"""How commands speak: data on stdout, narration on stderr. quantities.py writes their numbers."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from engine.protocol.settings import read_settings

_UNLIMITED_COLUMNS = 10_000


def print_data(text: str) -> None:
    """Write a line of data to stdout."""
    typer.echo(text)


def print_json(value: Any) -> None:
    """Write `value` (structs included) to stdout as one line of JSON."""
    typer.echo(msgspec.json.encode(value).decode())


def narrate(text: str) -> None:
    """Tell the user something on stderr."""
    typer.echo(text, err=True)


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table to stdout; where that is no terminal, nothing is cut. A header that begins with > aligns right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, header in enumerate(headers):
        is_last = index == len(headers) - 1
        justify = "right" if header.startswith(">") else "left"
        table.add_column(header.lstrip(">"), justify=justify, no_wrap=not is_last, overflow="fold")
    for row in rows:
        table.add_row(*row)
    output = Console(file=sys.stdout, markup=False, highlight=False)
    if not output.is_terminal:
        output.width = _UNLIMITED_COLUMNS
    output.print(table)


def stderr_console() -> Console:
    """Return a rich console for what changes in place on stderr."""
    return Console(file=sys.stderr, markup=False, highlight=False)


def progress_bar(unit: str) -> Progress:
    """Return a bar on stderr with a rate in `unit` a second and the time left; its tasks take the field `rate`.

    Draws nothing where stderr is no terminal.
    """
    console = stderr_console()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        TextColumn(f"{{task.fields[rate]:,.1f}} {unit}/s"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def uses_ascii() -> bool:
    """Whether to draw with ASCII only: RLROBO_ASCII is set, or stdout cannot write Unicode."""
    return read_settings().ascii or writes_ascii()


def writes_ascii() -> bool:
    """Whether stdout cannot write Unicode."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    return not encoding.startswith("utf")
