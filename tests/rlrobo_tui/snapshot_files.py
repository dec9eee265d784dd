"""Stored pictures of screens, as text that people read in a diff: where they are, how they are compared and renewed.

A file is called after page, state and size. Without colour, characters are those of the dark theme, and in ASCII their
replacements; where that is not so, the mode has a file of its own beside it.
"""

import difflib
from collections.abc import Iterable
from enum import Enum
from pathlib import Path

from rlrobo_tui.terminal import to_ascii

FOLDER = Path(__file__).parent / "snapshots"
RENEW = "pytest --renew-snapshots -m '' tests/rlrobo_tui/test_snapshots.py"


class Mode(Enum):
    """How the app draws; the value ends a file's name."""

    DARK = ""
    NO_COLOR = "-no-color"
    ASCII = "-ascii"


def path_of(name: str, mode: Mode) -> Path:
    """Return the file of the screen `name`, such as live/paused-80x24."""
    return FOLDER / f"{name}{mode.value}.txt"


def stored(name: str, mode: Mode) -> str | None:
    """Return the screen as it should be; None where it was never stored."""
    path = path_of(name, mode)
    if path.is_file():
        return path.read_text(encoding="utf-8").removesuffix("\n")
    return None if mode is Mode.DARK else _derived(name, mode)


def store(name: str, mode: Mode, text: str) -> None:
    """Keep a screen; a mode that follows from the dark one needs no file."""
    path = path_of(name, mode)
    if mode is not Mode.DARK and _derived(name, mode) == text:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n", encoding="utf-8")


def difference(name: str, mode: Mode, text: str) -> str:
    """Say how a screen differs from what is stored, and how to keep it if it is right."""
    expected, path = stored(name, mode), path_of(name, mode).relative_to(FOLDER.parents[2])
    if expected is None:
        return f"{path} is not there.\nTo store it: {RENEW}\n\n{text}\n"
    lines = difflib.unified_diff(expected.split("\n"), text.split("\n"), f"{path}", "the screen now", n=2, lineterm="")
    return "\n".join([*lines, "", f"If the screen is right, renew what is stored: {RENEW}", ""])


def unused(names: Iterable[str]) -> list[Path]:
    """Return the files that belong to none of the screens."""
    used = {path_of(name, mode) for name in names for mode in Mode}
    return sorted({*FOLDER.rglob("*.*")} - used)


def _derived(name: str, mode: Mode) -> str | None:
    dark = stored(name, Mode.DARK)
    return to_ascii(dark) if dark is not None and mode is Mode.ASCII else dark
