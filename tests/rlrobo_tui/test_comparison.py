"""Runs side by side: alignment, means over seeds, intervals, the table."""

from dataclasses import replace

import numpy as np
import pytest

from engine.protocol.config import RunConfig
from engine.protocol.events import EvaluationDone, Metrics, RunStarted
from rlrobo_tui.comparison import (
    EVALUATIONS,
    GRID,
    Compared,
    Estimate,
    Question,
    common_place,
    curves,
    metrics_of,
    names_of,
    spanning,
    table,
    value_at,
    without_price,
)
from rlrobo_tui.comparison_plot import signs_of
from rlrobo_tui.comparison_words import left_out
from rlrobo_tui.costs import Costs
from rlrobo_tui.intervals import difference, mean_and_half, t_975
from rlrobo_tui.lens import XAxis
from rlrobo_tui.run_view import RunView

METRIC = "rollout/ep_rew_mean"


def compared(seed: int, values: dict[int, float], *, start: float = 1000.0, num_envs: int = 8) -> Compared:
    """A run that takes a second a step and has these values by step."""
    view, name = RunView(), f"ant_walk-ppo-s{seed}"
    view.fold([RunStarted(time=start, seed=seed, total_timesteps=100)])
    view.fold([Metrics(time=start + step, step=step, values={METRIC: value}) for step, value in values.items()])
    config = RunConfig(task="ant_walk", seed=seed, num_envs=num_envs)
    return Compared(id=f"t-{name}", name=name, view=view, config=config)


ONE = compared(1, {0: 0.0, 10: 10.0, 20: 20.0})
TWO = compared(2, {0: 4.0, 10: 14.0, 20: 24.0, 30: 99.0}, start=5000.0)
OTHER = compared(3, {0: 1.0, 20: 2.0}, num_envs=9)


def test_t_is_that_of_the_tables() -> None:
    assert [t_975(degrees) for degrees in (1, 4.9, 30)] == [12.706, 2.776, 2.042]
    assert t_975(60) == pytest.approx(2.0003, abs=5e-4)
    assert t_975(1000) == pytest.approx(1.9623, abs=5e-4)


def test_the_interval_of_a_mean_is_students() -> None:
    mean, half = mean_and_half([2.0, 4.0, 6.0])
    assert (mean, half) == (4.0, pytest.approx(4.303 * 2 / np.sqrt(3)))
    assert mean_and_half([2.0]) == (2.0, None)


def test_the_difference_of_two_means_is_welchs() -> None:
    # Both variances are 1 and both counts 4, so the degrees of freedom are 6.
    values = np.array([-1.0, -1.0, 1.0, 1.0]) * np.sqrt(0.75)
    found = difference(values + 5.0, values)
    assert found.value == pytest.approx(5.0)
    assert found.half == pytest.approx(2.447 * np.sqrt(0.5))
    assert found.excludes_zero
    assert difference(values + 0.5, values).excludes_zero is False
    assert difference([3.0], [1.0, 2.0]).excludes_zero is None


@pytest.mark.parametrize(
    ("axis", "expected"), [(XAxis.STEPS, [0, 10, 20]), (XAxis.ELAPSED, [0, 10, 20]), (XAxis.CLOCK, [1000, 1010, 1020])]
)
def test_a_run_is_aligned_on_steps_on_its_own_time_or_on_the_clock(axis: XAxis, expected: list[float]) -> None:
    assert curves([ONE], Question(axis=axis))[0].xs.tolist() == expected


def test_what_spans_all_runs_is_as_long_as_the_axis_asks_for() -> None:
    runs = [ONE, TWO]
    assert spanning(runs, XAxis.STEPS).step == 30
    for axis, length_s in ((XAxis.ELAPSED, 30.0), (XAxis.CLOCK, 4030.0)):
        view = spanning(runs, axis)
        assert (view.updated_at or 0) - (view.started_at or 0) == length_s


def paid(run: Compared, usd_a_second: float) -> Compared:
    """The run, on a machine that was paid from 10 s before its start to 100 s after it."""
    start = run.view.started_at or 0.0
    times, usd = np.array([start - 10, start + 100]), np.array([0.0, 110 * usd_a_second])
    return replace(run, costs=Costs(times=times, usd=usd, spent_usd=float(usd[-1])))


def test_a_run_is_aligned_on_what_it_cost_until_then_its_start_up_too() -> None:
    cheap, dear = paid(ONE, 0.1), paid(TWO, 0.2)
    lines = curves([cheap, dear], Question(axis=XAxis.COST))
    assert lines[0].xs == pytest.approx([1.0, 2.0, 3.0])
    assert lines[1].xs == pytest.approx([2.0, 4.0, 6.0, 8.0])
    assert spanning([cheap, dear], XAxis.COST).cost_usd == pytest.approx(22.0)
    first, second = table(lines)  # for three dollars
    assert first.common == Estimate(20.0, None)
    assert second.common is not None
    assert second.common.mean == pytest.approx(9.0)
    assert second.cost is not None
    assert second.cost.mean == pytest.approx(22.0)


def test_a_run_without_a_price_is_left_out_over_cost_and_no_part_of_a_mean() -> None:
    runs = [paid(ONE, 0.1), TWO, OTHER]
    assert [len(line.xs) for line in curves(runs, Question(axis=XAxis.COST))] == [3, 0, 0]
    assert without_price(runs) == [TWO, OTHER]
    mean, single = curves(runs, Question(axis=XAxis.COST, is_aggregated=True))
    assert (mean.ids, len(mean.members), mean.half) == ((ONE.id, TWO.id), 1, None)
    assert signs_of([mean, single], {TWO.id, OTHER.id}) == ["s2 of A", "B"]
    assert left_out(["s2 of A", "B"]) == "s2 of A, B trained here: no price; they are left out"
    assert [row.cost is None for row in table(curves(runs, Question()))] == [False, True, True]


def test_runs_that_differ_in_the_seed_alone_become_their_mean_where_all_have_values() -> None:
    mean, single = curves([ONE, OTHER, TWO], Question(is_aggregated=True))
    assert mean.ids == (ONE.id, TWO.id)
    assert mean.name == "num_envs=8 ×2"
    assert (len(mean.xs), mean.xs[0], mean.xs[-1]) == (GRID, 0.0, 20.0)
    assert value_at(mean, 5.0) == pytest.approx(7.0)
    assert mean.half is not None
    assert mean.half == pytest.approx(12.706 * np.sqrt(8) / np.sqrt(2))
    assert single.ids == (OTHER.id,)
    assert single.half is None


def test_a_group_of_which_one_run_has_values_is_that_run_without_an_interval() -> None:
    silent = Compared(id="t-ant_walk-ppo-s2", name="ant_walk-ppo-s2", view=RunView(), config=TWO.config)
    mean = curves([ONE, silent], Question(is_aggregated=True))[0]
    assert (mean.name, mean.ys.tolist(), mean.half) == ("ant_walk-ppo ×2", [0.0, 10.0, 20.0], None)


def test_groups_that_never_overlap_have_numbers_but_no_line() -> None:
    mean = curves([ONE, TWO], Question(axis=XAxis.CLOCK, is_aggregated=True))[0]
    assert len(mean.xs) == 0
    assert mean.finals == (20.0, 99.0)
    assert value_at(mean, 1000.0) is None


def test_the_table_compares_where_the_shortest_run_ends_and_never_smooths() -> None:
    first, second = table(curves([ONE, TWO, OTHER], Question(weight=0.9, is_aggregated=True)))
    assert first.final.mean == pytest.approx((20 + 99) / 2)
    assert first.common is not None
    assert first.common.mean == pytest.approx((20 + 24) / 2)
    assert first.common.half == pytest.approx(12.706 * 2)
    assert first.against is None
    assert (second.final.mean, second.final.half) == (2.0, None)
    assert second.against is not None
    assert second.against.value == pytest.approx(2 - 22)
    assert second.against.excludes_zero is None


def test_runs_without_a_common_place_are_not_compared() -> None:
    lines = curves([ONE, TWO], Question(axis=XAxis.CLOCK))
    assert common_place(lines) is None
    assert [(row.common, row.against) for row in table(lines)] == [(None, None)] * 2


def test_the_best_of_a_loss_is_its_lowest_value() -> None:
    view = RunView(run_id="t-a-ppo-s1")
    view.fold(
        [Metrics(step=step, values={"train/value_loss": value}) for step, value in ((1, 3.0), (2, 1.0), (3, 2.0))]
    )
    run = Compared(id=view.run_id, name="a", view=view, config=None)
    assert table(curves([run], Question(metric="train/value_loss")))[0].best.mean == 1.0


def test_evaluations_are_a_metric_also_where_the_run_wrote_none_of_that_name() -> None:
    view = RunView(run_id="t-a-ppo-s1")
    view.fold([EvaluationDone(step=5, return_mean=7.0), EvaluationDone(step=9, return_mean=6.0)])
    run = Compared(id=view.run_id, name="a", view=view, config=None)
    assert metrics_of([run]) == [EVALUATIONS]
    assert curves([run], Question(metric=EVALUATIONS))[0].ys.tolist() == [7.0, 6.0]


def test_a_run_without_the_metric_has_no_row() -> None:
    lines = curves([ONE, Compared(id="t-x-ppo-s1", name="x", view=RunView(), config=None)], Question())
    assert len(lines) == 2
    assert [row.curve.name for row in table(lines)] == ["ant_walk-ppo-s1"]


def test_runs_are_called_by_their_short_names_where_those_tell_them_apart() -> None:
    assert names_of(["1-a-s1", "2-a-s1", "3-a-s2"]) == ["1-a-s1", "2-a-s1", "a-s2"]
