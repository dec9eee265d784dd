"""The filter of the list of runs: `state:running robot:ant reward>1000 seed:3 step>1M -algo:ppo word`. Pure.

Conditions stand side by side and all must hold. `key:text` asks for a part of a text, with commas between
alternatives, and `tag:name` for that very tag; numbers may be compared; a minus sign turns a condition round; any other
word must be somewhere in the run's id, task, algorithm, state, end or tags.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.protocol.errors import UsageError, did_you_mean
from engine.protocol.summary import RunSummary
from robots.registry import TASKS

Test = Callable[[RunSummary, float], bool]
"""Whether a condition holds for a run at a time in seconds since 1970 (UTC)."""
EXAMPLE = "state:running robot:ant algo:ppo reward>1000 step>1M age<2d -seed:3 word"

_TERM = re.compile(r"(?P<key>[A-Za-z_]+)(?P<sign>>=|<=|>|<|:|=)(?P<value>.*)")
_NUMBER = re.compile(r"([-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?)([a-z%]?)", re.IGNORECASE)
_FACTORS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "%": 0.01}
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


class QueryError(UsageError):
    """A filter that cannot be read; the message names the word, what is wrong and what is allowed."""


@dataclass(frozen=True)
class Query:
    """What a run must have."""

    tests: Sequence[Test] = ()

    def matches(self, summary: RunSummary, now: float) -> bool:
        """Whether a run has all of it at `now`, in seconds since 1970 (UTC)."""
        return all(test(summary, now) for test in self.tests)


def parse_query(text: str) -> Query:
    """Read a filter; an empty one matches every run. Raises QueryError."""
    return Query([_read(word) for word in text.split() if word != "-"])


def robot_of(task: str) -> str:
    """Return the robot of a built-in task, else the task's own name."""
    return TASKS[task].robot if task in TASKS else task


def _end(summary: RunSummary) -> str:
    return summary.end_reason.value if summary.end_reason else ""


_TEXTS: dict[str, Callable[[RunSummary], str]] = {
    "state": lambda summary: f"{summary.status.value} {_end(summary)}",
    "robot": lambda summary: robot_of(summary.task),
    "task": lambda summary: summary.task,
    "algo": lambda summary: summary.algorithm,
    "name": lambda summary: summary.id,
    "where": lambda summary: summary.hostname,
    "place": lambda summary: summary.place,
}
_NUMBERS: dict[str, Callable[[RunSummary, float], float | None]] = {
    "seed": lambda summary, _: summary.seed,
    "step": lambda summary, _: summary.step,
    "total": lambda summary, _: summary.total_steps,
    "progress": lambda summary, _: summary.step / summary.total_steps if summary.total_steps else None,
    "reward": lambda summary, _: summary.return_mean,
    "best": lambda summary, _: summary.best_return_mean,
    "speed": lambda summary, _: summary.steps_per_second,
    "age": lambda summary, now: now - summary.started_at if summary.started_at else None,
}
_ALIASES = {
    "status": "state", "algorithm": "algo", "id": "name", "return": "reward", "steps": "step", "sps": "speed",
}  # fmt: skip
KEYS = (*_TEXTS, "tag", *_NUMBERS)
"""What conditions may ask for."""


def _read(word: str) -> Test:
    is_negated = word.startswith("-")
    bare = word[1:] if is_negated else word
    found = _TERM.fullmatch(bare)
    # A task of another package has a colon in its own name.
    test = _word(bare) if found is None or bare.startswith("gym:") else _condition(bare, found)
    return (lambda summary, now: not test(summary, now)) if is_negated else test


def _word(word: str) -> Test:
    wanted = word.lower()

    def test(summary: RunSummary, _: float) -> bool:
        parts = (summary.id, summary.task, summary.algorithm, summary.status.value, _end(summary), *summary.tags)
        return wanted in " ".join(parts).lower()

    return test


def _condition(word: str, found: "re.Match[str]") -> Test:
    key, sign, value = found["key"].lower(), found["sign"], found["value"]
    key = _ALIASES.get(key, key)
    if key not in KEYS:
        raise QueryError(f"{word}: unknown key {key!r}{did_you_mean(key, KEYS)} Keys: {', '.join(KEYS)}.")
    if not value:
        raise QueryError(f"{word}: what follows is missing, such as {key}{sign}{_sample(key)}.")
    if key in _NUMBERS:
        return _comparison(key, sign, _number(word, key, value))
    if sign not in ":=":
        raise QueryError(f"{word}: {key} is a text; ask for a part of it with {key}:{value}.")
    return _tag(value) if key == "tag" else _part(key, value)


def _part(key: str, value: str) -> Test:
    wanted = [part for part in value.lower().split(",") if part]
    read = _TEXTS[key]
    return lambda summary, _: any(part in read(summary).lower() for part in wanted)


def _tag(value: str) -> Test:
    wanted = {part for part in value.lower().split(",") if part}
    return lambda summary, _: not wanted.isdisjoint(tag.lower() for tag in summary.tags)


def _comparison(key: str, sign: str, limit: float) -> Test:
    read = _NUMBERS[key]
    compare: Callable[[float], bool] = {
        ">": lambda value: value > limit,
        ">=": lambda value: value >= limit,
        "<": lambda value: value < limit,
        "<=": lambda value: value <= limit,
    }.get(sign, lambda value: value == limit)

    def test(summary: RunSummary, now: float) -> bool:
        value = read(summary, now)
        return value is not None and compare(value)

    return test


def _number(word: str, key: str, text: str) -> float:
    """Return the number that a user means: 1M, 200k, 50%; for ages 45s, 12m, 3h, 2d."""
    found = _NUMBER.fullmatch(text)
    factors = _SECONDS if key == "age" else _FACTORS
    unit = found[2].lower() if found else "?"
    if found is None or unit not in factors:
        raise QueryError(f"{word}: {key} needs a number, such as {key}>{_sample(key)}; got {text!r}.")
    return float(found[1].replace("_", "")) * factors[unit]


def _sample(key: str) -> str:
    """Return a value that is typical of a key."""
    texts = dict.fromkeys(_TEXTS, "ant") | {"state": "running", "algo": "ppo", "place": "spot", "tag": "baseline"}
    return texts.get(key) or {"seed": "3", "step": "1M", "total": "1M", "progress": "50%", "age": "2d"}.get(key, "1000")
