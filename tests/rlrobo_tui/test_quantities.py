"""Numbers as the screens write them."""

import pytest

from rlrobo_tui.quantities import age, count, count_of, duration, number, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (950, "950"),
        (999.6, "1.00k"),
        (412_345, "412k"),
        (1e6, "1.00M"),
        (12_300_000, "12.3M"),
        (999_950, "1.00M"),
    ],
)
def test_counts_have_three_digits_and_a_unit(value: float, text: str) -> None:
    assert count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (float("nan"), "–"), (0.0, "0"), (187.34, "187.3"), (-3.14159, "-3.14"), (0.0112, "0.0112"),
     (3e-4, "3.0e-4"), (12_345.0, "12.3k")],
)  # fmt: skip
def test_numbers_are_short_and_never_nan(value: float | None, text: str) -> None:
    assert number(value) == text


def test_hundred_percent_means_all() -> None:
    assert [percent(part) for part in (0, 0.41, 0.9999, 1)] == ["0%", "41%", "99%", "100%"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "–"), (45, "45s"), (723, "12m 03s"), (12_000, "3h 20m"), (187_200, "2d 4h")]
)
def test_durations_have_two_units(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_age_has_one_unit() -> None:
    assert age(12_000) == "3h"


def test_one_of_something_is_singular() -> None:
    assert [count_of(value, "run") for value in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]
