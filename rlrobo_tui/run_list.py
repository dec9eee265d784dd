"""The list of runs as rows of text: reads summaries cheaply, filters them, and says each one in columns."""

import time
from dataclasses import dataclass
from pathlib import Path

from engine.protocol.errors import RlroboError
from engine.protocol.run_dir import RunDir, list_runs
from engine.protocol.status import Status
from engine.protocol.summary import RunSummary, summarize
from rlrobo_tui.quantities import age, count, duration, number, percent


class RunLister:
    """Summaries of all runs in a folder; what is over is read again only when its events grow."""

    def __init__(self, runs_dir: Path) -> None:
        self._runs_dir = runs_dir
        self._finished: dict[Path, tuple[int, RunSummary]] = {}

    def read(self) -> list[RunSummary]:
        """Return the summaries, the newest run first; a directory that cannot be read is left out."""
        found: list[RunSummary] = []
        for run in list_runs(self._runs_dir):
            try:
                found.append(self._read_one(run))
            except (RlroboError, OSError):  # a run that is being made or deleted right now
                continue
        return found

    def _read_one(self, run: RunDir) -> RunSummary:
        size = run.events.stat().st_size if run.events.exists() else -1
        known = self._finished.get(run.path)
        if known is not None and known[0] == size:
            return known[1]
        summary = summarize(run)
        if summary.status.is_over:
            self._finished[run.path] = (size, summary)
        return summary


@dataclass(frozen=True)
class Column:
    """A column of the list."""

    title: str
    is_wide_only: bool = False
    """Whether it is shown only where there is room."""


COLUMNS = (
    Column("state"),
    Column("run"),
    Column("task", is_wide_only=True),
    Column("algorithm", is_wide_only=True),
    Column("steps"),
    Column("return"),
    Column("best"),
    Column("steps/s"),
    Column("ETA/took"),
    Column("age"),
)
NUMERIC = frozenset({"steps", "return", "best", "steps/s", "ETA/took", "age"})
"""Columns that are aligned to the right."""


def short_name(summary: RunSummary) -> str:
    """Return the id without its time, ant_walk-ppo-s1; the number of a second run of that second stays."""
    return summary.id.partition("-")[2] or summary.id


def shorten(text: str, width: int) -> str:
    """Cut out the middle: a name's task is at its start, its seed at its end."""
    if len(text) <= width:
        return text
    end = max(0, min(7, width // 2 - 1))
    return f"{text[: max(0, width - end - 1)]}…{text[len(text) - end :]}"


def matches(summary: RunSummary, words: str) -> bool:
    """Whether every word is in the run's id, task, algorithm, state or end."""
    end = summary.end_reason.value if summary.end_reason else ""
    text = f"{summary.id} {summary.task} {summary.algorithm} {summary.status.value} {end}".lower()
    return all(word in text for word in words.lower().split())


def cells(summary: RunSummary, now: float, *, is_wide: bool) -> dict[str, str]:
    """Return the text of each column but the state, by the column's title."""
    part = min(1.0, summary.step / summary.total_steps) if summary.total_steps else 0.0
    total = f"/{count(summary.total_steps)}" if is_wide else ""
    speed = summary.steps_per_second if summary.status is Status.RUNNING else None
    return {
        "run": short_name(summary),
        "task": summary.task,
        "algorithm": summary.algorithm.upper(),
        "steps": f"{count(summary.step)}{total} {percent(part).rjust(4)}",
        "return": number(summary.return_mean),
        "best": number(summary.best_return_mean),
        "steps/s": count(speed) if speed else "–",
        "ETA/took": _end(summary, speed),
        "age": age(now - summary.started_at) if summary.started_at else "–",
    }


def detail(summary: RunSummary) -> str:
    """Return the sentence for the selected run: why it ended, or how to reach it from a shell."""
    if summary.message:
        return summary.message
    if summary.status is Status.STARTING:
        return "The engine is starting."
    return f"rlrobo watch {summary.id}"


def sentence_of_age(summary: RunSummary) -> str:
    """Return when the run started, in local time."""
    if summary.started_at is None:
        return "not started yet"
    return time.strftime("started %d %b %H:%M", time.localtime(summary.started_at))


def _end(summary: RunSummary, speed: float | None) -> str:
    """Return the time left, how long a run took, or why it failed; the state says whether it finished or stopped."""
    if summary.status is Status.FAILED and summary.end_reason is not None:
        return summary.end_reason.value.replace("_", " ")
    if summary.status.is_over and summary.started_at and summary.updated_at:
        return duration(summary.updated_at - summary.started_at)
    if speed:
        return duration(max(0, summary.total_steps - summary.step) / speed)
    return "–"
