"""The speed benchmark: what it prints and that the engine alone goes the way of our environments. No time is judged."""

import json
from collections.abc import Iterator

import numpy as np
import pytest

from robots import bench
from robots.bench import Ceiling
from robots.registry import load_task


@pytest.fixture(params=["hopper_hop", "a1_walk"])
def ceiling(request: pytest.FixtureRequest) -> Iterator[Ceiling]:
    """With torques, and with position control, starts that are drawn and pushes."""
    ceiling = Ceiling(load_task(request.param), num_envs=2)
    yield ceiling
    ceiling.close()


def test_it_prints_every_figure_of_a_task_and_its_peer(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["reacher_reach", "cartpole_balance", "--num-envs", "2", "--seconds", "0.02"]) == 0
    reacher, cartpole = json.loads(capsys.readouterr().out)
    assert (reacher["task"], reacher["num_envs"]) == ("reacher_reach", 2)
    assert reacher["ratio"] == pytest.approx(reacher["ours"] / reacher["ceiling"])
    assert reacher["speedup"] == pytest.approx(reacher["ours"] / reacher["peer"])
    assert reacher["reset_ms"] > 0.0
    assert cartpole["peer"] is None
    assert cartpole["speedup"] is None


def test_an_unknown_task_is_a_sentence_for_the_user(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["ant_wlak"]) == 2
    assert "did you mean 'ant_walk'" in json.loads(capsys.readouterr().err)["error"]


def test_the_engine_alone_moves_through_the_same_states(ceiling: Ceiling) -> None:
    for _ in range(20):
        assert ceiling.step() > 0.0
        assert_same_motion(ceiling)


def test_the_engine_alone_begins_episodes_where_ours_do(ceiling: Ceiling) -> None:
    batch = ceiling.leader.batch
    batch.mdp.step_count[0] = batch.max_episode_steps - 1
    ceiling.step()
    assert batch.mdp.step_count.tolist() == [0, 1]
    assert_same_motion(ceiling)


def assert_same_motion(ceiling: Ceiling) -> None:
    """Compare pose and velocity of base and joints, bit by bit."""
    leader, follower = ceiling.leader.batch.mdp.simulation, ceiling.follower.batch.mdp.simulation
    num_columns = 13 + 2 * len(leader.model.joint_names)
    for ours, theirs in zip(leader.worlds, follower.worlds, strict=True):
        np.testing.assert_array_equal(ours.read()[:num_columns], theirs.read()[:num_columns])
