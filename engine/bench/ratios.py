"""Statistics of blocks that were measured in turns: the median of paired ratios and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NUM_RESAMPLES = 10_000
CONTROL_LIMITS = (0.95, 1.05)
"""Where the ratio of two equal contestants has to be for the others to mean anything."""


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """How many times as fast one contestant is as another."""

    median: float
    """Median of the ratios of neighbouring blocks."""
    low: float
    """Lower end of the 95 % interval of the median."""
    high: float
    """Upper end."""


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Compare rates, of which those at the same index were measured one right after the other.

    The interval is the percentile bootstrap's (Efron and Tibshirani 1993, chapter 13): 2.5 % and 97.5 % of the medians
    of ratios that are drawn with replacement. The draws are the same every time.
    """
    ratios = np.asarray(ours, dtype=float) / np.asarray(theirs, dtype=float)
    draws = np.random.default_rng(0).integers(len(ratios), size=(NUM_RESAMPLES, len(ratios)))
    low, high = np.percentile(np.median(ratios[draws], axis=1), [2.5, 97.5])
    return Ratio(median=float(np.median(ratios)), low=float(low), high=float(high))


def is_void(control: Ratio) -> bool:
    """Whether two equal contestants were measured as unequal, so that nothing else that was measured counts."""
    low, high = CONTROL_LIMITS
    return not low <= control.median <= high
