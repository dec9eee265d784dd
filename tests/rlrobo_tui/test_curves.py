"""Decimation, smoothing and ticks, with numbers that are known by hand."""

from itertools import pairwise

import pytest

from rlrobo_tui.curves import Smoother, decimate, even_axis, padded_limits, thin, tick_labels, ticks


def test_decimate_keeps_lowest_and_highest_of_each_column_in_their_order() -> None:
    steps = [float(step) for step in range(8)]
    values = [0.0, 9.0, -1.0, 5.0, 3.0, 3.0, 8.0, 2.0]
    assert decimate(steps, values, num_columns=2, first=0, last=8) == ([1, 2, 6, 7], [9, -1, 8, 2])


def test_decimate_leaves_at_most_two_points_a_column() -> None:
    values = [float((step * 7919) % 1000) for step in range(100_000)]
    kept, _ = decimate(range(100_000), values, num_columns=70, first=0, last=99_999)
    assert len(kept) <= 140
    assert kept == sorted(kept)


def test_decimate_keeps_a_single_peak_among_many_points() -> None:
    values = [0.0] * 50_000
    values[31_415] = 1.0
    steps, kept = decimate(range(50_000), values, num_columns=60, first=0, last=49_999)
    assert (31_415, 1.0) in zip(steps, kept, strict=True)


def test_decimate_leaves_short_series_alone() -> None:
    assert decimate([1, 2, 3], [4.0, 5.0, 6.0], num_columns=10, first=0, last=3) == ([1, 2, 3], [4, 5, 6])


def test_decimate_of_empty_columns_invents_no_points() -> None:
    steps = [0.0, 1.0, 2.0, 99.0]
    assert decimate(steps, [1.0, 2.0, 3.0, 4.0], num_columns=3, first=0, last=99)[0] == [0, 2, 99]


def test_thin_keeps_the_last_point() -> None:
    assert thin([0, 1, 2, 3, 4], [0.0, 1.0, 2.0, 3.0, 4.0], num_points=3) == ([0, 2, 4], [0, 2, 4])


def test_smoother_of_a_constant_is_that_constant_from_the_first_value_on() -> None:
    assert list(Smoother(0.9).extend([5.0] * 4)) == pytest.approx([5.0] * 4)


def test_smoother_continues_where_it_was() -> None:
    whole, parts = Smoother(0.5), Smoother(0.5)
    parts.extend([1.0, 2.0])
    assert list(parts.extend([1.0, 2.0, 4.0])) == pytest.approx(list(whole.extend([1.0, 2.0, 4.0])))
    # Bias-corrected by hand: (0.5*1) / 0.5, (0.25*1 + 0.5*2) / 0.75, (0.125*1 + 0.25*2 + 0.5*4) / 0.875.
    assert list(parts.values) == pytest.approx([1.0, 5 / 3, 3.0])


def test_ticks_are_round_and_inside() -> None:
    assert ticks(-3, 103, num_ticks=5) == [0, 50, 100]
    assert ticks(3, 250, num_ticks=3) == [100, 200]
    assert ticks(0, 1, num_ticks=5) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])


def test_there_are_at_least_two_ticks_where_the_round_step_is_too_wide() -> None:
    assert ticks(180, 230, num_ticks=1) == [180, 200, 220]


@pytest.mark.parametrize("num_rows", [3, 4, 5, 7, 12, 30])
@pytest.mark.parametrize(("low", "high"), [(0.0, 100.0), (-0.7, -0.3), (-90.0, 1473.0), (1e-5, 3e-5), (999.9, 1000.0)])
def test_ticks_of_an_even_axis_are_round_and_equally_many_rows_apart(low: float, high: float, num_rows: int) -> None:
    bottom, top, found = even_axis(low, high, num_rows=num_rows)
    assert bottom <= low + 1e-9 * (high - low)
    assert top >= high - 1e-9 * (high - low)
    assert top - bottom <= (4 if num_rows < 5 else 2) * (high - low)
    a_row = (top - bottom) / (num_rows - 1)
    rows = [(each - bottom) / a_row for each in found]
    assert rows == pytest.approx([round(row) for row in rows], abs=1e-6)
    assert len({round(after - before) for before, after in pairwise(rows)}) == 1
    assert f"{found[1] - found[0]:.0e}"[0] in "125"


def test_tick_labels_have_the_digits_that_tell_them_apart() -> None:
    assert tick_labels([0.0, 0.5, 1.0]) == ["0.0", "0.5", "1.0"]
    assert tick_labels([0.0, 500_000.0, 1_000_000.0]) == ["0", "500k", "1M"]


@pytest.mark.parametrize("values", [[0.0], [7.0, 7.0], [-3.0, 5.0]])
def test_limits_are_never_equal_and_hold_the_values(values: list[float]) -> None:
    low, high = padded_limits(values)
    assert low < min(values) <= max(values) < high
