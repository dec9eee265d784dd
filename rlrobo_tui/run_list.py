"""The list of runs as rows of text: reads summaries cheaply, and says each run in columns that fit the width."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from socket import gethostname
from typing import NamedTuple

from engine.protocol.errors import RlroboError
from engine.protocol.run_dir import RunDir, list_runs
from engine.protocol.status import Status
from engine.protocol.summary import RunSummary, summarize
from rlrobo_tui.badges import BADGES
from rlrobo_tui.quantities import age, count, duration, number, percent
from rlrobo_tui.samples import sample
from rlrobo_tui.widgets.text_bars import sparkline

RETURN = "rollout/ep_rew_mean"
NUM_SAMPLES = 10
"""Values of the return in a row's small curve."""


@dataclass(frozen=True)
class Listing:
    """All runs of a folder at one moment."""

    summaries: Sequence[RunSummary] = ()
    """The newest run first."""
    histories: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Some returns of each run by its id, from its start to its end."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Why a run that is there could not be read, by its id."""


class _Known(NamedTuple):
    stamp: tuple[int, ...]
    """Size and time of the events and of the tags when they were read."""
    summary: RunSummary
    history: Sequence[float]


class RunLister:
    """Lists the runs of a folder; what is over is read again only when its events or tags change."""

    def __init__(self, runs_dir: Path) -> None:
        self._runs_dir = runs_dir
        self._known: dict[Path, _Known] = {}

    def read(self) -> Listing:
        """Read what changed. A run that could be read before stays as it was then while it cannot be."""
        found: dict[Path, _Known] = {}
        unreadable: dict[str, str] = {}
        for run in list_runs(self._runs_dir):
            try:
                found[run.path] = self._read_one(run)
            except (RlroboError, FileNotFoundError):  # a run that is being made or deleted right now
                continue
            except OSError as err:
                unreadable[run.id] = err.strerror or str(err)
                if run.path in self._known:
                    found[run.path] = self._known[run.path]
        self._known = found
        histories = {known.summary.id: known.history for known in found.values()}
        return Listing([known.summary for known in found.values()], histories, unreadable)

    def _read_one(self, run: RunDir) -> _Known:
        stamp = (*_stamp(run.events), *_stamp(run.tags))
        known = self._known.get(run.path)
        is_same = known is not None and known.stamp == stamp
        if known is not None and is_same and known.summary.status.is_over:
            return known
        if known is not None and is_same:
            history = known.history
        else:
            history = [value for _, value in sample(run.events, RETURN, num_points=NUM_SAMPLES)]
        return _Known(stamp, summarize(run), history)


@dataclass(frozen=True)
class Column:
    """A column of the list."""

    title: str
    least_width: int = 0
    """Columns that it takes at least, so that the table does not move with every number."""
    is_right: bool = False
    """Whether it is aligned to the right, as numbers are."""
    rank: int = 0
    """0: always shown; others are added in this order as long as there is room."""
    is_spared: bool = False
    """Whether it is left out where no run has a word in it."""
    gives_way: bool = False
    """Whether it is left out where names of runs would be unreadable for it."""
    sort: str = ""
    """What a click on its title sorts by; empty: nothing."""


NAME = "run"
COLUMNS = (
    Column("", 1),
    Column("state", 9, sort="state"),
    Column(NAME, 9, sort="name"),
    Column("task", rank=4),
    Column("algorithm", rank=5),
    Column("tags", rank=1, is_spared=True),
    Column("steps", 5, is_right=True, sort="steps"),
    Column("of", 5, is_right=True, rank=3),
    Column("done", 4, is_right=True),
    Column("return", 6, is_right=True, sort="return"),
    Column("trend", NUM_SAMPLES, rank=2),
    Column("best", 5, is_right=True, gives_way=True, sort="best"),
    Column("steps/s", 7, is_right=True, rank=1, sort="steps/s"),
    Column("ETA/took", 8, is_right=True),
    Column("where", 5, rank=6),
    Column("age", 3, is_right=True, sort="age"),
)
LONGEST_TAGS = 16
"""Columns that tags take at most; the lines below the list have them all."""
SHORTEST_NAME = 9
"""Columns that the name of a run keeps when the terminal is narrow."""
READABLE_NAME = 16
"""Chosen: columns in which names of runs still differ, cart_bal…-ppo-s1 from cart_bal…-a2c-s1."""


def short_name(summary: RunSummary) -> str:
    """Return the id without its time, ant_walk-ppo-s1; the number of a second run of that second stays."""
    return summary.id.partition("-")[2] or summary.id


def subject_of(runs: Sequence[RunSummary]) -> str:
    """Return what a sentence about these runs calls them: an id, or how many they are."""
    return runs[0].id if len(runs) == 1 else f"{len(runs)} runs"


def shorten(text: str, width: int) -> str:
    """Cut out the middle: a name's task is at its start, its seed at its end."""
    if len(text) <= width:
        return text
    end = max(0, min(7, width // 2 - 1))
    return f"{text[: max(0, width - end - 1)]}…{text[len(text) - end :]}"


def cells(summary: RunSummary, history: Sequence[float], *, is_ascii: bool) -> dict[str, str]:
    """Return the text of each column that does not change with time alone, by the column's title."""
    part = min(1.0, summary.step / summary.total_steps) if summary.total_steps else 0.0
    speed = summary.steps_per_second if summary.status is Status.RUNNING else None
    return {
        "state": BADGES[summary.status].text(is_ascii=is_ascii),
        NAME: short_name(summary),
        "task": summary.task,
        "algorithm": summary.algorithm.upper(),
        "tags": shorten(" ".join(summary.tags), LONGEST_TAGS),
        "steps": count(summary.step),
        "of": count(summary.total_steps),
        "done": percent(part),
        "return": number(summary.return_mean),
        "trend": sparkline(history, is_ascii=is_ascii),
        "best": number(summary.best_return_mean),
        "steps/s": count(speed) if speed else "–",
        "ETA/took": _end(summary, speed),
        "where": _where(summary),
    }


def age_of(summary: RunSummary, now: float) -> str:
    """Return how long ago a run started."""
    return age(now - summary.started_at) if summary.started_at else "–"


def layout(
    rows: Iterable[Mapping[str, str]], room: int, columns: Sequence[Column] = COLUMNS
) -> list[tuple[Column, int]]:
    """Return the columns that fit into `room`, each with its width and one more for the gap behind it.

    The name of a run gets what it needs before a column is added that could be missed.
    """
    widths = {column.title: max(column.least_width, len(column.title)) for column in columns}
    filled: set[str] = set()
    for row in rows:
        for title, text in row.items():
            widths[title] = max(widths[title], len(text))
        filled |= {title for title, text in row.items() if text}
    shown = {column.title for column in columns if not column.rank}
    offered = (column for column in columns if column.rank and (column.title in filled or not column.is_spared))
    for column in sorted(offered, key=lambda column: column.rank):
        if sum(widths[title] + 1 for title in (*shown, column.title)) - 1 > room:
            break
        shown.add(column.title)
    excess = sum(widths[title] + 1 for title in shown) - 1 - room
    if excess > 0 and widths[NAME] - excess < READABLE_NAME:
        gone = {column.title for column in columns if column.gives_way} & shown
        shown -= gone
        excess -= sum(widths[title] + 1 for title in gone)
    if excess > 0:
        widths[NAME] = max(SHORTEST_NAME, widths[NAME] - excess)
    return [(column, widths[column.title]) for column in columns if column.title in shown]


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


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (-1, 0)
    return (found.st_size, found.st_mtime_ns)


def _where(summary: RunSummary) -> str:
    """Return a rented machine's kind, or the name of the machine where it is another one than this."""
    if summary.place != "here":
        return summary.place
    return "local" if summary.hostname in ("", gethostname()) else summary.hostname


def _end(summary: RunSummary, speed: float | None) -> str:
    """Return the time left, how long a run took, or why it failed; the state says whether it finished or stopped.

    An engine that lives although something is wrong with it has an alarm, which `detail` says in full; of a rented
    machine that starts it says what that does.
    """
    if summary.status is Status.FAILED and summary.end_reason is not None:
        return summary.end_reason.value.replace("_", " ")
    if summary.status.is_over and summary.started_at and summary.updated_at:
        return duration(summary.updated_at - summary.started_at)
    if summary.message and not (summary.status is Status.STARTING and summary.place != "here"):
        return "! alarm"
    if speed:
        return duration(max(0, summary.total_steps - summary.step) / speed)
    return "–"
