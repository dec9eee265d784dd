"""In which order runs are listed, and which of them stand together. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from engine.protocol.errors import UnknownNameError
from engine.protocol.summary import RunSummary

Key = Callable[[RunSummary], str | float | None]


class Grouping(str, Enum):
    """What the runs of one group have in common."""

    NONE = "none"
    TASK = "task"
    ALGORITHM = "algorithm"
    TASK_AND_ALGORITHM = "task and algorithm"
    TAGS = "tags"


@dataclass(frozen=True)
class Group:
    """The line above the runs of a group."""

    title: str
    num_runs: int
    num_active: int
    best: float | None
    """Best evaluation of all its runs."""


@dataclass(frozen=True)
class _Column:
    key: Key
    is_descending: bool
    """Whether the largest comes first unless the user turns it round."""


_COLUMNS: dict[str, _Column] = {
    "age": _Column(lambda summary: summary.id[:16], True),
    "name": _Column(lambda summary: summary.id.partition("-")[2], False),
    "state": _Column(lambda summary: list(type(summary.status)).index(summary.status), False),
    "steps": _Column(lambda summary: summary.step, True),
    "return": _Column(lambda summary: summary.return_mean, True),
    "best": _Column(lambda summary: summary.best_return_mean, True),
    "steps/s": _Column(lambda summary: None if summary.status.is_over else summary.steps_per_second, True),
}
SORTABLE = tuple(_COLUMNS)
"""Columns by which runs are sorted, in the order in which a key cycles through them; the first one is the default."""


@dataclass(frozen=True)
class Order:
    """By what runs are sorted."""

    column: str = SORTABLE[0]
    is_reversed: bool = False
    """Whether the user turned the column's own order round."""

    @property
    def text(self) -> str:
        """As `--sort` takes it: `return`, `-return`."""
        return f"{'-' if self.is_reversed else ''}{self.column}"

    @property
    def is_descending(self) -> bool:
        """Whether the largest value stands at the top."""
        return _COLUMNS[self.column].is_descending is not self.is_reversed


def parse_order(text: str) -> Order:
    """Read a column, with a minus sign before it for the other way round. Raises UnknownNameError."""
    column = text.removeprefix("-")
    if column not in _COLUMNS:
        raise UnknownNameError("column to sort by", column, SORTABLE)
    return Order(column, text.startswith("-"))


def ordered(summaries: Iterable[RunSummary], order: Order) -> list[RunSummary]:
    """Return the runs in an order: numbers from the largest, names from a; those without a value always come last."""
    by = _COLUMNS[order.column]
    newest_first = sorted(summaries, key=lambda summary: summary.id, reverse=True)
    known = [summary for summary in newest_first if by.key(summary) is not None]
    unknown = [summary for summary in newest_first if by.key(summary) is None]
    known.sort(key=lambda summary: by.key(summary) or 0, reverse=by.is_descending)
    if order.is_reversed:
        known.reverse()
    return [*known, *unknown]


def grouped(summaries: Sequence[RunSummary], grouping: Grouping) -> list[Group | RunSummary]:
    """Put a heading before the runs of each group; groups come in the order of their first runs."""
    if grouping is Grouping.NONE:
        return list(summaries)
    members: dict[str, list[RunSummary]] = {}
    for summary in summaries:
        members.setdefault(_title(summary, grouping), []).append(summary)
    return [line for title, runs in members.items() for line in (_heading(title, runs), *runs)]


def _title(summary: RunSummary, grouping: Grouping) -> str:
    parts = {
        Grouping.TASK: (summary.task,),
        Grouping.ALGORITHM: (summary.algorithm.upper(),),
        Grouping.TASK_AND_ALGORITHM: (summary.task, summary.algorithm.upper()),
        Grouping.TAGS: sorted(summary.tags, key=str.lower) or ("no tags",),
        Grouping.NONE: (),
    }[grouping]
    return " · ".join(parts)


def _heading(title: str, runs: Sequence[RunSummary]) -> Group:
    bests = [run.best_return_mean for run in runs if run.best_return_mean is not None]
    return Group(title, len(runs), sum(not run.status.is_over for run in runs), max(bests, default=None))
