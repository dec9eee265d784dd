"""Run a few functions at the same time. Products of NumPy and operations of torch leave the interpreter to others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from engine.protocol.provenance import usable_cpus

MIN_WEIGHTS = 50_000
"""Of the networks together; with fewer, handing work to a thread costs more than it saves."""
Result = TypeVar("Result")


class Crew:
    """This thread and others beside it. What is computed must not depend on how many there are."""

    def __init__(self, num_threads: int) -> None:
        """`num_threads` includes the one that calls `run`."""
        self.num_threads = num_threads
        self._others = ThreadPoolExecutor(num_threads - 1, initializer=_begin) if num_threads > 1 else None

    @classmethod
    def for_networks(cls, num_weights: int, *, num_tasks: int) -> Crew:
        """Return as many threads as there are tasks and processors; one where networks are small."""
        is_large = num_weights >= MIN_WEIGHTS
        return cls(min(num_tasks, usable_cpus()) if is_large else 1)

    def run(self, functions: Sequence[Callable[[], Result]]) -> list[Result]:
        """Call all functions, the first on this thread; return what they returned."""
        if self._others is None:
            return [function() for function in functions]
        waiting = [self._others.submit(function) for function in functions[1:]]
        return [functions[0](), *(each.result() for each in waiting)]


def _begin() -> None:
    """Prepare a thread beside the first one."""
    np.seterr("ignore")  # what is not finite shows in the logged losses, which are checked
