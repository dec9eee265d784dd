"""A task with every randomisation, pushes and a curriculum keeps the contract of tests/test_every_task.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from robots.env import RobotBatch
from robots.registry import load_task
from robots.scene import ObjectSpec
from robots.spec import CurriculumTerm, DisturbanceTerm, RandomizationTerm, TaskSpec
from robots.terms import curriculum, disturbances
from robots.terms.library import terms_of

TERMS = terms_of("randomizations")
EVERYTHING: dict[str, dict[str, Any]] = {
    "link_mass_scale": {"links": "all", "range": (0.5, 2.0)},
    "link_mass_added": {"links": ("trunk",), "range_kg": (-1.0, 1.0)},
    "link_inertia_scale": {"links": "all", "range": (0.5, 2.0)},
    "link_friction": {"links": "all", "range": (0.2, 1.2)},
    "ground_friction": {"range": (0.2, 1.2)},
    "object_mass_scale": {"objects": "all", "range": (0.5, 2.0)},
    "object_friction": {"objects": "all", "range": (0.2, 1.2)},
    "gravity_scale": {"range": (0.8, 1.2)},
    "gravity_tilt": {"max_tilt_rad": 0.2},
    "motor_strength": {"joints": "all", "range": (0.8, 1.2)},
    "stiffness_scale": {"joints": "all", "range": (0.8, 1.2)},
    "damping_scale": {"joints": "all", "range": (0.8, 1.2)},
    "action_delay": {"range_s": (0.0, 0.04)},
    "observation_delay": {"range_s": (0.0, 0.04)},
    "observation_noise": {"observations": "all", "standard_deviation": 0.01},
    "observation_bias": {"observations": "all", "half_range": 0.01},
}
LEVEL = "difficulty"


@pytest.fixture(scope="module")
def everything() -> TaskSpec:
    """Return a task with every randomisation, with pushes, and with a curriculum for all of it."""
    assert set(EVERYTHING) == set(TERMS)
    push = DisturbanceTerm(
        function=disturbances.push_base,
        params={"half_range_m_s": (1.0, 1.0, 0.0)},
        interval_s=(0.1, 0.3),
        curriculum=LEVEL,
    )
    task = load_task("a1_walk")
    harder = CurriculumTerm(function=curriculum.survival_step, params={"step": 0.1}, start=0.5)
    return replace(
        task,
        objects=(ObjectSpec(name="cube", size_m=(0.1, 0.1, 0.1), start_position_w=(0.5, 0.0, 0.1)),),
        randomizations={
            name: RandomizationTerm(function=TERMS[name], params=params, curriculum=LEVEL)
            for name, params in EVERYTHING.items()
        },
        disturbances={"push": push},
        curriculum={**task.curriculum, LEVEL: harder},
        episode_length_s=0.3,
    )


def play(batch: RobotBatch, first: np.ndarray, *, num_steps: int = 25, rows: slice = slice(None)) -> np.ndarray:
    """Step with the same random actions in every call; return the observations."""
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (num_steps, 3, *batch.action_space.shape))
    return np.array([first, *(batch.step(action[rows]).observations for action in actions)])


def test_results_do_not_depend_on_how_environments_are_divided(everything: TaskSpec) -> None:
    together = RobotBatch(everything, num_envs=3, seed=5, is_training=True)
    expected = play(together, together.reset())
    together.close()
    for env in range(3):
        single = RobotBatch(everything, num_envs=1, seed=5, first_env_index=env, is_training=True)
        seen = play(single, single.reset(), rows=slice(env, env + 1))
        single.close()
        np.testing.assert_array_equal(seen[:, 0], expected[:, env])


def test_earlier_episodes_and_levels_leave_no_trace(everything: TaskSpec) -> None:
    trajectories = []
    for num_earlier in (0, 25):
        batch = RobotBatch(everything, num_envs=3, seed=5)
        play(batch, batch.reset(), num_steps=num_earlier)
        batch.levels[:] = 0.5
        batch.reseed(9)
        trajectories.append(play(batch, batch.reset()))
        batch.close()
    np.testing.assert_array_equal(*trajectories)


def test_what_follows_a_rebuild_depends_on_its_key_only(everything: TaskSpec) -> None:
    trajectories = []
    for seed in (1, 2):
        batch = RobotBatch(everything, num_envs=3, seed=seed)
        play(batch, batch.reset(), num_steps=seed * 10)
        batch.levels[:] = 0.7
        trajectories.append(play(batch, batch.rebuild(7, 3)))
        batch.close()
    np.testing.assert_array_equal(*trajectories)


def test_at_level_0_a_task_is_what_it_is_without_randomisation(everything: TaskSpec) -> None:
    own = {name: term for name, term in everything.curriculum.items() if name != LEVEL}
    plain = RobotBatch(replace(everything, randomizations={}, disturbances={}, curriculum=own), num_envs=1, seed=5)
    batch = RobotBatch(everything, num_envs=1, seed=6)
    played = play(batch, batch.reset(), num_steps=10, rows=slice(0, 1))
    plain.levels[:] = 0.0
    expected = play(plain, plain.reset(), num_steps=10, rows=slice(0, 1))
    assert not np.array_equal(played, expected)
    batch.levels[:] = 0.0
    batch.reseed(5)
    np.testing.assert_array_equal(play(batch, batch.reset(), num_steps=10, rows=slice(0, 1)), expected)
    for each in (plain, batch):
        each.close()
