"""Curricula: how episodes move levels, what a level does, and where evaluation stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from robots.cartpole import cartpole_balance
from robots.curriculum import EndedEpisodes
from robots.env import RobotBatch
from robots.errors import TaskDefinitionError
from robots.spec import CurriculumTerm, RandomizationTerm, TaskSpec
from robots.terms import randomization
from robots.terms.library import terms_of

TERMS = terms_of("curriculum")


def ended(**changes: Any) -> EndedEpisodes:
    """Return three episodes of 100 steps at most; `walk` weighs 2, so that 200 is the most it can sum up to."""
    known: dict[str, Any] = {
        "length_steps": np.array([100, 60, 10]),
        "max_steps": 100,
        "reward_sums": {"walk": np.array([190.0, 100.0, 20.0]), "effort": np.array([-1.0, -1.0, -1.0])},
        "reward_weights": {"walk": 2.0, "effort": -0.1},
        "success": np.array([True, False, True]),
        "distance_m": np.zeros(3),
        "level": np.full(3, 0.5),
    }
    return EndedEpisodes(**{**known, **changes})


def test_success_moves_a_level_up_and_failure_down() -> None:
    np.testing.assert_array_equal(TERMS["success_step"](ended(), up=0.2, down=0.1), [0.2, -0.1, 0.2])


def test_a_reward_near_its_maximum_moves_a_level_up_and_a_small_one_down() -> None:
    np.testing.assert_array_equal(TERMS["reward_step"](ended(), reward="walk", step=0.1), [0.1, 0.0, -0.1])


def test_a_long_episode_moves_a_level_up_and_a_short_one_down() -> None:
    np.testing.assert_array_equal(TERMS["survival_step"](ended(), step=0.1), [0.1, 0.0, -0.1])


@pytest.mark.parametrize(
    ("name", "params", "changes", "message"),
    [
        ("success_step", {"up": 0.1, "down": 0.1}, {"success": None}, "no success to judge by"),
        ("reward_step", {"reward": "wolk", "step": 0.1}, {}, "no term 'wolk'; did you mean 'walk'"),
        ("reward_step", {"reward": "effort", "step": 0.1}, {}, "the weight of effort is -0.1"),
        ("survival_step", {"step": 0.1, "up_at": 0.2, "down_at": 0.3}, {}, "down_at: must not be above up_at"),
    ],
)
def test_what_cannot_be_judged_is_refused(
    name: str, params: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        TERMS[name](ended(**changes), **params)


def graded(name: str = "survival_step", **params: Any) -> TaskSpec:
    """Return a cart-pole whose gravity is drawn up to ten times as strong the higher its level."""
    heavier = RandomizationTerm(
        function=randomization.gravity_scale, params={"range": (10.0, 10.0)}, curriculum="gravity"
    )
    term = CurriculumTerm(function=TERMS[name], params=params or {"step": 0.25}, start=0.5)
    return replace(
        cartpole_balance(), episode_length_s=0.1, randomizations={"gravity": heavier}, curriculum={"gravity": term}
    )


def test_training_begins_at_the_start_level_and_evaluation_at_the_task_itself() -> None:
    levels = []
    for is_training in (True, False):
        batch = RobotBatch(graded(), num_envs=2, seed=0, is_training=is_training)
        batch.reset()
        levels.append((batch.levels.ravel().tolist(), batch.mdp.starter.drawn["gravity"].tolist()))
        batch.close()
    assert levels == [([0.5, 0.5], [5.5, 5.5]), ([1.0, 1.0], [10.0, 10.0])]


def test_levels_stay_where_they_are_in_evaluation() -> None:
    failing: dict[str, Any] = {"step": 0.25, "up_at": 2.0, "down_at": 2.0}
    batch = RobotBatch(graded(**failing), num_envs=1, seed=0)
    batch.reset()
    while not batch.step(np.zeros((1, 1))).episodes:
        pass
    assert batch.levels.tolist() == [[1.0]]
    batch.close()


def test_a_level_follows_its_own_environment_and_the_next_episode_draws_by_it() -> None:
    batch = RobotBatch(graded(), num_envs=2, seed=0, is_training=True)
    batch.reset()
    batch.mdp.step_count[1] = 4  # this one is about to reach the time limit of five steps, the other is not
    step = batch.step(np.zeros((2, 1)))
    assert [episode.env_index for episode in step.episodes] == [1]
    assert step.episodes[0].randomizations == {"gravity": 5.5}  # drawn at the level before
    assert batch.levels.ravel().tolist() == [0.5, 0.75]
    assert batch.mdp.starter.drawn["gravity"].tolist() == [5.5, 7.75]
    batch.close()


def test_a_level_stays_between_0_and_1() -> None:
    batch = RobotBatch(graded(step=3.0), num_envs=1, seed=0, is_training=True)
    batch.reset()
    while not batch.step(np.zeros((1, 1))).episodes:
        pass
    assert batch.levels.tolist() == [[1.0]]
    batch.close()


def test_a_curriculum_that_no_term_follows_is_refused() -> None:
    with pytest.raises(
        TaskDefinitionError,
        match=r"^cartpole_balance: curriculum.gravity: no term follows it; write `curriculum: gravity`",
    ):
        RobotBatch(replace(graded(), randomizations={}), num_envs=1, seed=0)


def test_a_term_that_has_no_level_cannot_follow_a_curriculum() -> None:
    resets = {"position": replace(cartpole_balance().resets["position"], curriculum="gravity")}
    with pytest.raises(TaskDefinitionError, match=r"resets.position: curriculum: .* has no parameter `level`"):
        replace(graded(), resets=resets)


def test_what_a_curriculum_refuses_is_known_when_the_task_is_loaded() -> None:
    with pytest.raises(
        TaskDefinitionError, match=r"^cartpole_balance: curriculum.gravity: reward: the task has no term"
    ):
        RobotBatch(graded("reward_step", reward="standing", step=0.1), num_envs=1, seed=0)


def test_a_start_outside_of_0_to_1_is_refused() -> None:
    term = replace(graded().curriculum["gravity"], start=1.5)
    with pytest.raises(TaskDefinitionError, match=r"curriculum.gravity: start: got 1.5; must be between 0 and 1"):
        replace(graded(), curriculum={"gravity": term})
