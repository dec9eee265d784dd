"""Find numbers that are no longer numbers, before they spread."""

import math
from collections.abc import Mapping
from typing import Any


class DivergedError(Exception):
    """A loss or another training metric became NaN or infinite."""

    def __init__(self, term: str) -> None:
        super().__init__(f"{term} is not finite")
        self.term = term
        """Name of the metric."""


def check_finite(values: Mapping[str, Any]) -> None:
    """Raise DivergedError for the first `train/…` value that is NaN or infinite."""
    for name, value in values.items():
        if name.startswith("train/") and isinstance(value, int | float) and not math.isfinite(value):
            raise DivergedError(name)
