"""Statistics of paired blocks, by numbers that are known by hand."""

import pytest

from engine.bench.ratios import Ratio, is_void, paired_ratio


def test_the_ratio_is_the_median_of_pairs_and_not_the_ratio_of_medians() -> None:
    # Pairs: 2, 3, 8; the medians, 40 and 10, would give 4.
    assert paired_ratio([20, 60, 40], [10, 20, 5]).median == 3.0


def test_a_slow_spell_that_meets_both_alike_changes_nothing() -> None:
    ratio = paired_ratio([300, 30, 300, 3], [100, 10, 100, 1])
    assert (ratio.median, ratio.low, ratio.high) == (3.0, 3.0, 3.0)


def test_the_interval_of_few_pairs_reaches_from_the_smallest_to_the_largest() -> None:
    # Each of three ratios is the median of 7 of 27 resamples at least, which is far more than 2.5 %.
    ratio = paired_ratio([1, 2, 3], [1, 1, 1])
    assert (ratio.low, ratio.median, ratio.high) == (1.0, 2.0, 3.0)


def test_the_interval_narrows_with_pairs_and_leaves_an_outlier_out() -> None:
    ratio = paired_ratio([*[2.0] * 19, 50.0], [1.0] * 20)
    assert (ratio.low, ratio.median, ratio.high) == (2.0, 2.0, 2.0)


def test_the_same_blocks_give_the_same_interval() -> None:
    rates = [float(number % 7 + 1) for number in range(20)]
    assert paired_ratio(rates, rates[::-1]) == paired_ratio(rates, rates[::-1])


@pytest.mark.parametrize(
    ("median", "void"), [(0.949, True), (0.95, False), (1.0, False), (1.05, False), (1.051, True), (float("nan"), True)]
)
def test_a_control_outside_its_limits_voids_the_run(median: float, *, void: bool) -> None:
    assert is_void(Ratio(median=median, low=0.0, high=9.0)) is void
