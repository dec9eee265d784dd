"""Reward terms and actions of the latest steps of an episode, and how they are laid out as cells. Pure."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.replay.wire import Lane

NUM_STEPS = 512
"""More than a terminal has columns."""
NUM_TERMS = 5
"""Terms that are told apart; the smaller ones are added up, so that colours and textures stay distinct."""
OTHERS = "others"
LEVELS, ASCII_LEVELS = "▁▂▃▄▅▆▇█", "0123456789"
NOTHING = -1


class StepHistory:
    """Of one checkpoint's episode."""

    def __init__(self) -> None:
        self._terms: deque[Mapping[str, float]] = deque(maxlen=NUM_STEPS)
        self._actions: deque[Sequence[float]] = deque(maxlen=NUM_STEPS)
        self._newest = (0, 0, 0)

    def take(self, lane: Lane) -> None:
        """Add a lane's steps; another episode or checkpoint begins anew."""
        if _episode(lane) != self._newest[:2] or lane.step < self._newest[2]:
            self._terms.clear()
            self._actions.clear()
        self._terms.extend(lane.reward_terms)
        self._actions.extend(lane.actions)
        self._newest = (*_episode(lane), lane.step)

    def until(self, lane: Lane) -> "Steps":
        """Return the steps up to the moment of `lane`; none where it is of another episode."""
        num_ahead = self._newest[2] - lane.step
        if _episode(lane) != self._newest[:2] or num_ahead < 0:
            return Steps()
        end = max(0, len(self._terms) - num_ahead)
        return Steps([*self._terms][:end], [*self._actions][:end])


@dataclass(frozen=True)
class Steps:
    """Consecutive steps."""

    terms: Sequence[Mapping[str, float]] = ()
    """Weighted reward terms of each."""
    actions: Sequence[Sequence[float]] = ()
    """Its action."""


def largest_terms(steps: Sequence[Mapping[str, float]]) -> list[str]:
    """Return the names of the largest terms in the order of the task, and OTHERS where there are more."""
    if not steps:
        return []
    sizes = {name: sum(abs(step.get(name, 0.0)) for step in steps) for name in steps[-1]}
    kept = sorted(sizes, key=lambda name: -sizes[name])[:NUM_TERMS]
    return [*(name for name in sizes if name in kept), *([OTHERS] if len(sizes) > NUM_TERMS else [])]


def values_of(step: Mapping[str, float], names: Sequence[str]) -> list[float]:
    """Return a step's value for each of `names`; OTHERS is the sum of all the rest."""
    return [
        sum(value for key, value in step.items() if key not in names) if name == OTHERS else step.get(name, 0.0)
        for name in names
    ]


def stacked(steps: Sequence[Sequence[float]], height: int) -> list[list[int]]:
    """Return a column of `height` cells, from the top, for each step: the index of the term that fills a cell.

    Positive values stand on a common line and negative ones hang from it; NOTHING is an empty cell.
    """
    ups = [sum(value for value in step if value > 0) for step in steps]
    downs = [-sum(value for value in step if value < 0) for step in steps]
    reach = max(ups, default=0.0) + max(downs, default=0.0)
    if not reach:
        return [[NOTHING] * height for _ in steps]
    above = round(height * max(ups) / reach)
    return [_column(step, cells_per_unit=height / reach, above=above, height=height) for step in steps]


def level_bar(values: Sequence[float], *, limit: float, levels: str) -> str:
    """Return a character for each value: the lowest of `levels` for -limit, the highest for +limit."""
    highest = len(levels) - 1
    return "".join(levels[min(highest, max(0, round((value + limit) / (2 * limit) * highest)))] for value in values)


def _column(step: Sequence[float], *, cells_per_unit: float, above: int, height: int) -> list[int]:
    column = [NOTHING] * height
    up = down = 0.0
    for index, value in enumerate(step):
        if value > 0:
            start, up = up, up + value * cells_per_unit
            cells = range(above - round(up), above - round(start))
        else:
            start, down = down, down - value * cells_per_unit
            cells = range(above + round(start), above + round(down))
        for cell in cells:
            if 0 <= cell < height:
                column[cell] = index
    return column


def _episode(lane: Lane) -> tuple[int, int]:
    return lane.checkpoint, lane.episode
