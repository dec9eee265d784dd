"""A metric's columns and its moving average, as they grow."""

import numpy as np
import pytest

from rlrobo_tui.curves import Smoother
from rlrobo_tui.history import History
from rlrobo_tui.run_view import Restart
from rlrobo_tui.series import Series


def series_of(values: list[float]) -> Series:
    series = Series()
    for index, value in enumerate(values):
        series.append(index * 10, index, value)
    return series


def test_the_average_is_the_one_by_hand_whatever_the_pieces() -> None:
    values = np.random.default_rng(0).normal(size=300).tolist()
    series, history = Series(), History(0.9)
    for index, value in enumerate(values):
        series.append(index, index, value)
        if index in (0, 5, 63, 64, 200):
            history.update(series, [])
    history.update(series, [])
    assert history.smooth == pytest.approx(list(Smoother(0.9).extend(values)))
    assert history.values.tolist() == values


def test_the_average_of_a_constant_is_that_constant_from_the_first_value_on() -> None:
    history = History(0.97)
    history.update(series_of([5.0] * 4), [])
    assert history.smooth == pytest.approx([5.0] * 4)


def test_a_restart_begins_the_average_anew() -> None:
    history = History(0.9)
    history.update(series_of([0.0, 0.0, 100.0, 100.0]), [Restart(10, 0.0, 0)])
    assert history.breaks == [2]
    assert history.smooth == pytest.approx([0, 0, 100, 100])


def test_a_restart_that_comes_later_is_taken_into_account() -> None:
    series, history = series_of([0.0, 0.0]), History(0.9)
    history.update(series, [])
    series.append(20, 2, 100.0)
    history.update(series, [Restart(10, 0.0, 0)])
    assert history.smooth == pytest.approx([0, 0, 100])


def test_repeated_steps_replace_what_was_there() -> None:
    series, history = series_of([1.0, 2.0, 3.0]), History(0.0)
    history.update(series, [])
    series.append(10, 5, 7.0)
    history.update(series, [Restart(0, 0.0, 20)])
    assert history.steps.tolist() == [0, 10]
    assert history.smooth.tolist() == [1, 7]


def test_another_weight_averages_what_is_there_and_what_comes() -> None:
    series, changed, restarts = series_of([1.0, 5.0, 2.0, 8.0]), History(0.9), [Restart(10, 0.0, 0)]
    changed.update(series, restarts)
    changed.use(0.5)
    series.append(40, 4, 3.0)
    changed.update(series, restarts)
    fresh = History(0.5)
    fresh.update(series, restarts)
    assert (changed.smooth.tolist(), changed.breaks) == (fresh.smooth.tolist(), fresh.breaks)
