"""The end of what an engine printed, and the line in it that tells why it died."""

import re

from engine.protocol.run_dir import RunDir

OUTPUT_BYTES = 16_384
"""Of the engine's output, the end: that is where a cause stands."""
NOISE = "pybullet build time:"
"""Begins a line that each process prints when it loads PyBullet; many of them hid what an engine said."""
_CAUSES = re.compile(
    r"[A-Za-z_][\w.]*(Error|Exception|Interrupt)\b"
    r"|(?i:killed|aborted|fatal|out of memory|segmentation fault|bus error|terminate called|rlrobo: )"
)
"""Last lines of Python's tracebacks, and what C libraries, shells and this program say before they end."""


def read_output(run: RunDir) -> str:
    """Return the last kilobytes of engine.log, or why it cannot be read."""
    try:
        with run.engine_log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - OUTPUT_BYTES))
            lines = file.read().decode(errors="replace").strip().splitlines()
            return "\n".join(line for line in lines if not line.startswith(NOISE))
    except OSError as err:
        return f"(cannot be read: {err.strerror})"


def cause_index(lines: list[str]) -> int | None:
    """Return the index of the line that most likely tells the cause: the last of its kind; None without any."""
    return next((index for index in reversed(range(len(lines))) if _CAUSES.match(lines[index].strip())), None)


def cause_line(output: str) -> str:
    """Return that line; empty without any."""
    lines = output.splitlines()
    index = cause_index(lines)
    return "" if index is None else lines[index].strip()
