"""Learning curves: statistics known by hand, and both sides for real."""

import json
from pathlib import Path

import pytest

from engine.bench.curves import Point, interquartile_interval, interquartile_mean, main, reach_table, table


def test_interquartile_mean_leaves_the_outer_quarters_out() -> None:
    assert interquartile_mean([100.0, 1.0, 2.0, 3.0, -50.0]) == 2.0
    assert interquartile_mean([4.0, 2.0]) == 3.0
    assert interquartile_interval([7.0] * 5) == (7.0, 7.0)
    low, high = interquartile_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert 1.0 <= low < 3.0 < high <= 5.0


def test_a_table_has_a_line_for_each_timestep() -> None:
    points = [
        Point(side=side, task="t", seed=seed, step=1000, return_mean=value, training_s=0.0)
        for side, value in (("ours", 2.0), ("dummy", 1.0))
        for seed in (1, 2)
    ]
    assert table(points).splitlines()[2] == "| `t` | 1,000 | 1 [1, 1], 2 | 2 [2, 2], 2 |"


def test_how_soon_a_return_is_reached() -> None:
    points = [
        Point(side="ours", task="t", seed=seed, step=step, return_mean=value, training_s=step / 100)
        for seed, values in ((1, (0.0, 9.0, 11.0)), (2, (0.0, 9.0, 9.5)))
        for step, value in zip((0, 1000, 2000), values, strict=True)
    ]
    lines = reach_table(points, 10.0).splitlines()[2:]
    assert lines == ["| `t` | ours | 1 | 2,000 | 20 |", "| `t` | ours | 2 | not in 2,000 | – |"]


def test_training_ends_where_the_return_is_reached(tmp_path: Path) -> None:
    path = tmp_path / "curves.jsonl"
    short = ["--steps", "640", "--every", "64", "--until=-1e9", "--seeds", "1", "--set", "n_steps=32"]
    more = ["--set", "num_envs=2", "--set", "batch_size=32", "--set", "num_workers=1", "--preset", "sb3"]
    assert main(["inverted_double_pendulum_balance", "-o", str(path), *short, *more]) == 0
    assert len(path.read_text().splitlines()) == 1


@pytest.mark.parametrize("side", ["ours", "dummy"])
def test_either_side_is_trained_and_evaluated(tmp_path: Path, side: str) -> None:
    path = tmp_path / "curves.jsonl"
    short = ["--steps", "64", "--every", "64", "--seeds", "3", "--set", "n_steps=32", "--set", "num_envs=2"]
    more = ["--set", "batch_size=32", "--set", "num_workers=1", "--preset", "sb3"]
    assert main(["inverted_double_pendulum_balance", "--side", side, "-o", str(path), *short, *more]) == 0
    points = [Point(**json.loads(line)) for line in path.read_text().splitlines()]
    assert [point.step for point in points] == [0, 64]
    assert {point.seed for point in points} == {3}
    assert all(point.return_mean > 0.0 for point in points)
