"""The compact history of a metric."""

from rlrobo_tui.series import Point, Series


def test_series_gives_points_back() -> None:
    series = Series()
    series.append(10, 1.0, 5.0)
    series.append(20, 2.0, 6.0)
    assert series[-1] == Point(20, 2.0, 6.0)
    assert [point.value for point in series] == [5.0, 6.0]


def test_steps_that_an_engine_repeats_replace_what_was_there() -> None:
    series = Series()
    for step in (10, 20, 30, 40):
        series.append(step, 0.0, float(step))
    series.append(20, 0.0, -1.0)
    assert [(point.step, point.value) for point in series] == [(10, 10), (20, -1)]
    assert series.num_rewinds == 1
