"""Run what needs torch or PyBullet in a process of its own and listen to it.

A child writes messages as JSON objects, one a line, to stderr and its result to stdout. `{"error": "…"}` is a sentence
for the user; everything on stderr that is no JSON object is kept for the case that the child dies.
"""

import json
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from engine.protocol.errors import RlroboError

NUM_LAST_LINES = 200
"""Enough to hold what a dying child says before a traceback or two."""
_BANNER = "pybullet build time:"
"""Begins what PyBullet says when it is imported, which explains nothing."""

Listener = Callable[[dict[str, Any]], None]


class ChildError(RlroboError):
    """A child process failed; the message says how."""

    def __init__(self, message: str, *, exit_code: int = 1, lines: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.lines = lines
        """The end of what the child wrote that was no message."""


def run_child(
    module: str,
    arguments: list[str],
    *,
    working_directory: Path,
    listen: Listener,
    time_limit_s: float | None = None,
) -> str:
    """Run `python -m module`, give each of its messages to `listen` and return its stdout. Raises ChildError.

    Ctrl-C ends the child too, and then raises KeyboardInterrupt here; a child that takes longer than the limit is
    killed.
    """
    process = start_child(module, arguments, working_directory)
    killer = threading.Timer(time_limit_s or 0.0, process.kill)
    with process:
        try:
            if time_limit_s is not None:
                killer.start()
            return listen_to(process, module, listen)
        except ChildError as err:
            if killer.finished.is_set():
                raise _took_too_long(module, time_limit_s, err) from None
            raise
        except BaseException:
            process.terminate()
            raise
        finally:
            killer.cancel()


def start_child(module: str, arguments: list[str], working_directory: Path) -> "subprocess.Popen[str]":
    """Start `python -m module`; whoever starts it listens to it, and ends it."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        # -m puts the working directory first on sys.path; a user's own engine/ folder must not shadow this package.
        cwd=working_directory,
    )


def listen_to(process: "subprocess.Popen[str]", module: str, listen: Listener) -> str:
    """Give each message of a child to `listen` until it ends; return its stdout. Raises ChildError."""
    assert process.stdout is not None
    assert process.stderr is not None
    error = ""
    lines: deque[str] = deque(maxlen=NUM_LAST_LINES)
    for line in process.stderr:
        text, message = split_line(line)
        if not is_noise(text):
            lines.append(text.rstrip())
        if message is None:
            continue
        error = str(message.get("error", error))
        listen(message)
    # Children write their result in one short line at their end, so it fits the pipe while stderr is read first.
    output = process.stdout.read()
    code = process.wait()
    if code == 0:
        return output
    if error:
        raise ChildError(error, exit_code=code, lines=tuple(lines))
    raise ChildError(explain_death(module, code, lines), lines=tuple(lines))


def _took_too_long(module: str, time_limit_s: float | None, err: ChildError) -> ChildError:
    text = f"the process `python -m {module}` did not end within {time_limit_s:g} s and was killed."
    return ChildError(text + _last_words(err.lines), lines=err.lines)


def split_line(line: str) -> tuple[str, dict[str, Any] | None]:
    """Return what a line says besides a message, and the message at its end, if there is one.

    PyBullet writes to stderr, too, and leaves lines open.
    """
    start = line.find('{"')
    try:
        message = json.loads(line[start:]) if start >= 0 else None
    except ValueError:
        message = None
    return (line[:start], message) if isinstance(message, dict) else (line, None)


def is_noise(text: str) -> bool:
    """Whether a line explains nothing."""
    return not text.strip() or text.startswith(_BANNER)


def explain_death(module: str, code: int, lines: Sequence[str]) -> str:
    """Return a sentence for a child that ended without one of its own; `lines` are the last that it wrote."""
    how = f"exit code {code}"
    if code < 0:
        how = f"killed by {signal.Signals(-code).name}"
    return f"the process `python -m {module}` died ({how}).{_last_words(lines)}"


def _last_words(lines: Sequence[str]) -> str:
    """Return the last line, and where it happened when a traceback says so."""
    if not lines:
        return ""
    places = [line.strip() for line in lines if line.startswith('  File "')]
    return f" Its last words: {lines[-1].strip()}" + (f" ({places[-1]})" if places else "")
