"""The contract that every registered task keeps; registering a task adds it to each of these tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import gymnasium.utils.env_checker
import numpy as np
import pytest
import stable_baselines3.common.env_checker

from robots.contract import PROMISES, MakeBatch, batches_of, constant_elements, play
from robots.env import RobotEnv
from robots.registry import find_task, load_task, task_ids

BESIDE_THE_PLANE = (1, 2, 4, 6)
"""Angle to the target as sine and cosine, velocity to the left, roll."""
CONSTANT = {
    **dict.fromkeys(("hopper_hop", "walker2d_walk", "half_cheetah_run"), BESIDE_THE_PLANE),
    **dict.fromkeys(("panda_push", "panda_slide"), (5,)),
}
"""Elements that never change, as in the original: models that cannot leave a plane, goals that all lie on the table."""

pytestmark = pytest.mark.parametrize("task_id", task_ids())


@pytest.fixture
def make_batch(task_id: str) -> Iterator[MakeBatch]:
    """Build batches of the task and close them after the test."""
    with batches_of(load_task(task_id)) as make:
        yield make


@pytest.fixture(scope="module")
def made_by_gymnasium() -> subprocess.CompletedProcess[str]:
    """Make, step and draw every task in one fresh process, which costs less than one for each."""
    script = f"""if True:
        import gymnasium
        for task_id in {task_ids()!r}:
            env = gymnasium.make(f"rlrobo/{{task_id}}-v0", render_mode="rgb_array")
            env.reset(seed=1)
            env.step(env.action_space.sample())
            print(task_id, env.render().shape)
            env.close()
    """
    command = [sys.executable, "-W", "error", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_registry_tells_the_truth(task_id: str, make_batch: MakeBatch) -> None:
    entry, batch = find_task(task_id), make_batch(1)
    task = batch.task
    assert (entry.id, entry.robot) == (task.id, task.robot.name)
    assert batch.observation_space.shape == (entry.observation_size,)
    assert batch.action_space.shape == (entry.action_size,)
    assert entry.max_episode_steps == task.max_episode_steps
    assert (entry.control_dt_s, entry.episode_length_s) == (task.control_dt_s, task.episode_length_s)
    assert entry.random_return < entry.solved_return
    assert entry.summary.endswith(".")
    assert entry.licence


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_it_keeps_what_every_task_promises(promise: Callable[[MakeBatch], None], make_batch: MakeBatch) -> None:
    promise(make_batch)


def test_no_observation_element_is_constant(task_id: str, make_batch: MakeBatch) -> None:
    assert set(constant_elements(make_batch)) <= set(CONSTANT.get(task_id, ()))


@pytest.mark.parametrize(
    "check_env",
    [
        pytest.param(lambda env: gymnasium.utils.env_checker.check_env(env, skip_render_check=True), id="gymnasium"),
        pytest.param(stable_baselines3.common.env_checker.check_env, id="stable_baselines3"),
    ],
)
def test_library_checkers_have_no_complaint(task_id: str, check_env: Callable[[RobotEnv], None]) -> None:
    env = RobotEnv(task_id)
    check_env(env)
    env.close()


def test_gymnasium_makes_it_without_our_import_and_stdout_stays_clean(
    task_id: str, made_by_gymnasium: subprocess.CompletedProcess[str]
) -> None:
    assert made_by_gymnasium.returncode == 0, made_by_gymnasium.stderr
    assert f"{task_id} (480, 640, 3)" in made_by_gymnasium.stdout.splitlines()
    assert len(made_by_gymnasium.stdout.splitlines()) == len(task_ids())


@pytest.mark.slow
def test_random_return_is_the_registered_one(task_id: str, make_batch: MakeBatch) -> None:
    """Each environment plays one episode, so that short ones do not count more than long ones."""
    batch = make_batch(30)
    batch.reset()
    returns: dict[int, float] = {}
    for step in play(batch, batch.task.max_episode_steps):
        for episode in step.episodes:
            returns.setdefault(episode.env_index, episode.episode_return)
    standard_error = np.std(list(returns.values())) / np.sqrt(30)
    expected = find_task(task_id).random_return
    assert np.mean(list(returns.values())) == pytest.approx(expected, abs=4 * standard_error)
