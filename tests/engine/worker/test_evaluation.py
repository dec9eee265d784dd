"""Evaluation: the numbers by hand, and episodes that are the same each time."""

import numpy as np
import pytest

from engine.worker.evaluation import Report, evaluate
from robots.env import Observation, RobotBatch
from robots.registry import load_task


@pytest.fixture
def batch() -> RobotBatch:
    return RobotBatch(load_task("cartpole_balance"), num_envs=4, seed=0)


def push(observations: Observation) -> np.ndarray:
    return np.ones((len(observations), 1), dtype=np.float32)


def test_mean_and_interval_by_hand() -> None:
    report = Report(returns=[1.0, 2.0, 3.0], lengths=[10, 20, 30])
    assert report.return_mean == 2.0
    assert report.return_std == 1.0
    # Student's t for 2 degrees of freedom is 4.303; the standard error is 1 / sqrt(3).
    assert report.return_ci95 == pytest.approx(4.303 / np.sqrt(3))
    assert report.length_mean == 20.0


def test_one_episode_has_no_interval() -> None:
    assert Report(returns=[5.0], lengths=[1]).return_ci95 == 0.0


def test_many_episodes_use_the_normal_quantile() -> None:
    report = Report(returns=[0.0, 1.0] * 50, lengths=[1] * 100)
    assert report.return_ci95 == pytest.approx(1.96 * np.std([0.0, 1.0] * 50, ddof=1) / 10)


def test_the_same_seed_plays_the_same_episodes_whatever_was_played_before(batch: RobotBatch) -> None:
    first = evaluate(push, batch, seed=7)
    other = evaluate(push, batch, seed=8)
    assert evaluate(push, batch, seed=7) == first
    assert other != first


def test_each_environment_counts_once(batch: RobotBatch) -> None:
    told: list[int] = []
    report = evaluate(push, batch, seed=7, on_episode=told.append)
    assert report is not None
    assert len(report.returns) == 4
    assert told == [1, 2, 3, 4]


def test_the_rates_of_what_ended_the_episodes_add_up_to_one(batch: RobotBatch) -> None:
    report = evaluate(push, batch, seed=7)
    assert report is not None
    assert report.termination_rates == {"pole_fell": 1.0}  # a steady push tips the pole long before the rail ends


def test_a_cancelled_evaluation_has_no_result(batch: RobotBatch) -> None:
    assert evaluate(push, batch, seed=7, is_cancelled=lambda: True) is None
