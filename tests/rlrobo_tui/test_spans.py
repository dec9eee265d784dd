"""What a screen of dots shows of a line, with numbers that are known by hand."""

import numpy as np
import pytest

from rlrobo_tui.spans import spans


def cover(
    xs: list[float], ys: list[float], edges: list[float], breaks: tuple[int, ...] = ()
) -> list[tuple[float, float]]:
    found = spans(np.array(xs), np.array(ys), np.array(edges), breaks=breaks)
    return list(zip(found.low.tolist(), found.high.tolist(), strict=True))


def test_each_column_holds_its_points_and_the_line_at_its_edges() -> None:
    # A straight line from (0, 0) to (4, 4) with a peak at x = 1.
    assert cover([0, 1, 2, 4], [0, 9, 2, 4], [0, 2, 4]) == [(0, 9), (2, 4)]


def test_two_points_are_joined_across_the_columns_between_them() -> None:
    assert cover([0, 4], [0, 4], [0, 1, 2, 3, 4]) == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_the_line_does_not_reach_across_a_break() -> None:
    found = spans(np.array([0.2, 0.8, 2.2, 2.8]), np.array([0.0, 0, 8, 8]), np.arange(4.0), breaks=[2])
    assert np.isnan(found.low).tolist() == [False, True, False]
    assert (found.high[0], found.low[2]) == (0, 8)


def test_what_is_outside_of_the_window_counts_only_for_the_slope_at_its_edges() -> None:
    assert cover([0, 10, 20], [0, 10, 0], [4, 6]) == [(4, 6)]


def test_a_column_without_a_line_is_empty() -> None:
    found = spans(np.array([0.0, 0.5]), np.array([1.0, 1.0]), np.array([0.0, 1.0, 2.0]))
    assert np.isnan(found.low[1])
    assert found.limits == (1, 1)


def test_nothing_has_no_limits() -> None:
    assert spans(np.empty(0), np.empty(0), np.array([0.0, 1.0])).limits is None


@pytest.mark.parametrize("seed", range(3))
def test_no_peak_of_many_points_is_lost(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=50_000)
    found = spans(np.arange(50_000.0), values, np.linspace(0, 49_999, 121))
    assert found.limits == (values.min(), values.max())
