"""Which runs are compared: the marked ones, else the current one and its newest like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.protocol.run_dir import RunDir, list_runs
from rlrobo_tui.comparison import MAX_LINES
from rlrobo_tui.pages import CannotOpenError

if TYPE_CHECKING:
    from rlrobo_tui.app import RlroboApp

NO_SECOND = "Two runs are needed: mark them with space in the list (1), then press 3."
_SEED = re.compile(r"-s\d+(-\d+)?$")


def choose_runs(app: RlroboApp) -> list[RunDir]:
    """Return the marked runs in the order of their marks; without two marks, the current run and the newest like it.

    Raises CannotOpenError where that are not two.
    """
    runs = {run.id: run for run in list_runs(app.runs_dir)}
    marked = [runs[id] for id in app.memory.marks if id in runs]
    if len(marked) > MAX_LINES:
        app.notify(f"{len(marked)} runs are marked; the first {MAX_LINES} are compared.", severity="warning")
    if len(marked) >= 2:
        return marked[:MAX_LINES]
    current = app.current.id if app.current is not None else next(iter(runs), "")
    if current not in runs:
        raise CannotOpenError(NO_SECOND)
    if marked and marked[0].id != current:
        return [marked[0], runs[current]]
    like = [run for id, run in runs.items() if id != current and _task_of(id) == _task_of(current)]
    if not like:
        raise CannotOpenError(NO_SECOND)
    return sorted([runs[current], like[0]], key=lambda run: run.id)


def _task_of(id: str) -> str:
    """Return the task in an id; reading a thousand configurations would hold the app up."""
    return _SEED.sub("", id).partition("-")[2].rpartition("-")[0]
