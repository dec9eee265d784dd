"""How commands speak: data on stdout, narration on stderr. quantities.py writes their numbers."""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import typer
from rich.cells import cell_len
from rich.console import Console

from engine.protocol.settings import read_settings
from rlrobo_tui.quantities import count_of

if TYPE_CHECKING:
    from rich.progress import Progress

_UNLIMITED_COLUMNS = 10_000
_LONGEST_INLINE = 20
"""chosen: a last column of more characters is prose, which reads well on a line of its own."""


def print_data(text: str) -> None:
    """Write a line of data to stdout."""
    typer.echo(text)


def print_json(value: Any) -> None:
    """Write `value` (structs included) to stdout as one line of JSON."""
    typer.echo(msgspec.json.encode(value).decode())


def narrate(text: str) -> None:
    """Tell the user something on stderr."""
    typer.echo(text, err=True)


def narrate_skipped(path: Path, num_lines: int) -> None:
    """Say that lines of the event file `path` could not be read, if there were any."""
    if num_lines:
        narrate(f"rlrobo: {path}: skipped {count_of(num_lines, 'line')} that cannot be read; the rest is shown.")


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table to stdout; a header that begins with > aligns right. No value is ever cut.

    Where the terminal is too narrow, columns move together; then a long last column goes below its row.
    """
    titles = [header.lstrip(">") for header in headers]
    rights = [header.startswith(">") for header in headers]
    cells = [titles, *rows]
    widths = [max(cell_len(row[index]) for row in cells) for index in range(len(titles))]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else _UNLIMITED_COLUMNS
    has_styles = os.environ.get("TERM") != "dumb"
    gap = "  " if sum(widths) + 2 * (len(widths) - 1) <= room else " "
    is_below = widths[-1] > _LONGEST_INLINE and sum(widths) + len(widths) - 1 > room
    for index, row in enumerate(cells):
        line = [_aligned(*cell) for cell in zip(row, widths, rights, strict=True)]
        text = gap.join(line[:-1] if is_below else line).rstrip()
        print_data(typer.style(text, bold=True) if index == 0 and has_styles else text)
        if is_below and index:
            print_data(f"  {row[-1]}")


def _aligned(text: str, width: int, is_right: bool) -> str:
    space = " " * (width - cell_len(text))
    return space + text if is_right else text + space


def stderr_console() -> Console:
    """Return a rich console for what changes in place on stderr."""
    return Console(file=sys.stderr, markup=False, highlight=False)


def progress_bar(unit: str) -> "Progress":
    """Return a bar on stderr with a rate in `unit` a second and the time left; its tasks take the field `rate`.

    Draws nothing where stderr is no terminal.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

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
