"""Zoom, pan, cursor and axes of charts."""

import pytest

from rlrobo_tui.lens import PAN, Lens, XAxis, time_ticks
from rlrobo_tui.run_view import RunView

VIEW = RunView(step=1000, started_at=5000.0, updated_at=5100.0)


def test_an_axis_of_dollars_begins_at_nothing_and_is_a_choice_where_it_is_given() -> None:
    lens, view = Lens(x_axis=XAxis.COST), RunView(cost_usd=0.5)
    assert lens.window(view) == (0.0, 0.5)
    assert lens.make_ticks(0.0, 0.5, 2)[1] == ["$0.0", "$0.5"]
    lens.use_next_axis()
    assert lens.x_axis is XAxis.STEPS
    lens.use_next_axis((XAxis.STEPS, XAxis.COST))
    assert lens.x_axis is XAxis.COST


def test_a_lens_shows_everything_at_first() -> None:
    assert Lens().window(VIEW) == (0, 1000)
    assert Lens(x_axis=XAxis.ELAPSED).window(VIEW) == (0, 100)
    assert Lens(x_axis=XAxis.CLOCK).window(VIEW) == (5000, 5100)


def test_zooming_keeps_the_latest_in_sight_and_follows_it() -> None:
    lens = Lens()
    lens.zoom(2, VIEW)
    assert lens.window(VIEW) == (500, 1000)
    assert lens.window(RunView(step=2000)) == (1500, 2000)


def test_zooming_keeps_the_place_that_it_is_about() -> None:
    lens = Lens(cursor=250.0)
    lens.zoom(2, VIEW, about=lens.cursor)
    assert lens.window(VIEW) == (125, 625)


def test_zooming_out_ends_at_everything() -> None:
    lens = Lens()
    lens.zoom(2, VIEW)
    lens.zoom(0.25, VIEW)
    assert (lens.width, lens.end, lens.window(VIEW)) == (None, None, (0, 1000))


def test_panning_moves_a_quarter_and_stops_at_both_ends() -> None:
    lens = Lens()
    lens.pan(-PAN, VIEW)
    assert lens.window(VIEW) == (0, 1000)
    lens.zoom(2, VIEW)
    lens.pan(-PAN, VIEW)
    assert lens.window(VIEW) == (375, 875)
    for _ in range(9):
        lens.pan(-PAN, VIEW)
    assert lens.window(VIEW) == (0, 500)
    for _ in range(9):
        lens.pan(PAN, VIEW)
    assert (lens.window(VIEW), lens.end) == ((500, 1000), None)


def test_a_window_that_was_panned_stays_where_it_is_while_the_run_goes_on() -> None:
    lens = Lens(width=500, end=875)
    assert lens.window(RunView(step=4000)) == (375, 875)


def test_the_cursor_moves_by_columns_and_takes_the_window_with_it() -> None:
    lens = Lens(width=100, end=500, cursor=401.0)
    lens.move_cursor(-2, VIEW, width=50)
    assert lens.cursor == 397
    assert lens.window(VIEW) == (397, 497)
    lens.move_cursor(-1000, VIEW, width=50)
    assert lens.cursor == 0


def test_another_axis_shows_everything_again() -> None:
    lens = Lens(width=10, end=20, cursor=15)
    lens.use_next_axis()
    assert (lens.x_axis, lens.window(VIEW), lens.cursor) == (XAxis.CLOCK, (5000, 5100), None)


def test_smoothing_goes_round_and_a_weight_of_old_files_is_no_trap() -> None:
    lens = Lens(weight=0.5)
    seen = []
    for _ in range(4):
        lens.use_next_smoothing()
        seen.append(lens.weight)
    assert seen == [0.9, 0.97, 0.0, 0.6]


@pytest.mark.parametrize(
    ("last", "labels"),
    [(100, ["0s", "30s", "1m", "1m 30s"]), (7200, ["0s", "30m", "1h", "1h 30m", "2h"])],
)
def test_durations_have_round_ticks(last: float, labels: list[str]) -> None:
    assert time_ticks(0, last, 4, is_clock=False)[1] == labels


def test_times_of_day_have_round_ticks() -> None:
    positions, labels = time_ticks(10.0, 3700.0, 4, is_clock=True)
    assert [position % 900 for position in positions] == [0] * len(positions)
    assert all(label.endswith(("00", "15", "30", "45")) for label in labels)
