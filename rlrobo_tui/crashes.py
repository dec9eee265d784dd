"""What the app writes down when a part of it fails: enough to mend it, nothing that is private."""

import platform
import time
import traceback
from importlib.metadata import version
from pathlib import Path

from rlrobo_tui.terminal import describe_terminal

NUM_KEPT = 20


def report_of(error: BaseException, *, where: str) -> str:
    """Return the report on an error; `where` says what was on the screen."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("rlrobo", "textual", "rich"))
    head = (
        f"time      {time.strftime('%Y-%m-%d %H:%M:%S %z')}",
        f"screen    {where}",
        f"versions  {versions}, Python {platform.python_version()}, {platform.system()} {platform.release()}",
        f"terminal  {', '.join(f'{name} {value}' for name, value in describe_terminal())}",
    )
    return "\n".join((*head, "", "".join(traceback.format_exception(error))))


def write_report(folder: Path, report: str) -> Path | None:
    """Write a report and return its path, None where that is not possible; the oldest ones are removed."""
    name = time.strftime("%Y%m%d-%H%M%S")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        same = len(list(folder.glob(f"{name}*.txt")))
        path = folder / (f"{name}-{same}.txt" if same else f"{name}.txt")
        path.write_text(report, encoding="utf-8")
        for old in sorted(folder.glob("*.txt"))[:-NUM_KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return None
    return path
