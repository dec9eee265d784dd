"""A run's configuration varies a task: terms by name from the library, with ranges and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from robots.ant import ant_walk
from robots.env import RobotBatch
from robots.errors import TaskDefinitionError
from robots.spec import TaskSpec
from robots.terms import disturbances, randomization
from robots.variants import with_terms


def varied(task: TaskSpec | None = None, **changes: Any) -> TaskSpec:
    return with_terms(task or ant_walk(), **{"randomizations": {}, "disturbances": {}, "curriculum": {}, **changes})


def test_a_name_of_the_library_is_enough() -> None:
    task = varied(randomizations={"ground_friction": {"range": [0.5, 1.25]}})
    term = task.randomizations["ground_friction"]
    assert (term.function, term.params) == (randomization.ground_friction, {"range": (0.5, 1.25)})


def test_a_term_may_have_a_name_of_its_own() -> None:
    push = {"term": "push_base", "half_range_m_s": [1, 1, 0], "interval_s": [2, 4]}
    term = varied(disturbances={"shove": push}).disturbances["shove"]
    assert term.function is disturbances.push_base
    assert (term.params["half_range_m_s"], term.interval_s) == ((1.0, 1.0, 0.0), (2.0, 4.0))


def test_a_change_keeps_what_it_does_not_mention() -> None:
    first = varied(randomizations={"mass": {"term": "link_mass_scale", "links": "all", "range": [0.5, 2]}})
    second = varied(first, randomizations={"mass": {"range": [0.9, 1.1]}})
    assert second.randomizations["mass"].params == {"links": "all", "range": (0.9, 1.1)}


def test_null_leaves_a_term_out() -> None:
    first = varied(randomizations={"ground_friction": {"range": [0.5, 1.25]}, "gravity_tilt": {"max_tilt_rad": 0.1}})
    assert list(varied(first, randomizations={"ground_friction": None}).randomizations) == ["gravity_tilt"]


def test_all_objects_of_a_task_that_has_none_is_a_mistake() -> None:
    task = varied(randomizations={"object_friction": {"objects": "all", "range": [0.5, 1]}})
    with pytest.raises(TaskDefinitionError, match=r"randomizations.object_friction: objects: the task has none"):
        RobotBatch(task, num_envs=1, seed=0)


def test_randomisation_pushes_and_a_curriculum_play_together() -> None:
    task = varied(
        randomizations={"link_mass_scale": {"links": "all", "range": [0.8, 1.2], "curriculum": "hard"}},
        disturbances={"push_base": {"half_range_m_s": [0.5, 0.5, 0], "interval_s": [0.1, 0.2], "curriculum": "hard"}},
        curriculum={"hard": {"term": "survival_step", "step": 0.05, "start": 0.25}},
    )
    batch = RobotBatch(task, num_envs=2, seed=0, is_training=True)
    batch.reset()
    for _ in range(7):  # 0.1155 s, one push at least and no fall
        batch.step(np.zeros((2, 8)))
    assert batch.levels.tolist() == [[0.25], [0.25]]
    batch.close()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"randomizations": {"grond_friction": {"range": [0, 1]}}},
            r"randomizations.grond_friction: no such term; did you mean 'ground_friction'\?",
        ),
        (
            {"randomizations": {"mass": {"term": "link_mas_scale"}}},
            r"randomizations.mass.term: no term 'link_mas_scale' .*; did you mean 'link_mass_scale'\?",
        ),
        (
            {"randomizations": {"ground_friction": {"rang": [0, 1]}}},
            r"randomizations.ground_friction.rang: ground_friction has no such parameter; did you mean 'range'\?",
        ),
        ({"randomizations": {"ground_friction": {}}}, r"randomizations.ground_friction.range: missing"),
        (
            {"randomizations": {"ground_friction": {"range": 0.5}}},
            r"randomizations.ground_friction.range .*: expected a list of 2 numbers, got 0.5",
        ),
        (
            {"randomizations": {"link_mass_scale": {"links": "all", "range": [0.5, 1], "distribution": "normal"}}},
            r"randomizations.link_mass_scale.distribution .*: got 'normal'.*: uniform, log_uniform",
        ),
        ({"randomizations": {"mass": None}}, r"randomizations.mass: the task has none of that name"),
        (
            {"disturbances": {"push_base": {"half_range_m_s": [1, 1, 0]}}},
            r"disturbances.push_base.interval_s: missing; a term of this group needs it",
        ),
        (
            {"randomizations": {"ground_friction": {"range": [0, 1], "curriculum": "hard"}}},
            r"randomizations.ground_friction: curriculum: no such term 'hard'",
        ),
    ],
)
def test_a_mistake_is_named_with_its_path(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TaskDefinitionError, match=rf"^ant_walk: {message}"):
        varied(**changes)
