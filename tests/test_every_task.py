"""The contract that every registered task keeps; registering a task adds it to each of these tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import gymnasium.utils.env_checker
import numpy as np
import pytest
import stable_baselines3.common.env_checker

from robots.env import BatchStep, RobotBatch, RobotEnv
from robots.errors import NonFiniteStateError
from robots.registry import find_task, load_task, task_ids

NUM_STEPS = 60
MakeBatch = Callable[..., RobotBatch]
PLANAR = {"hopper_hop", "walker2d_walk", "half_cheetah_run"}
"""Models that cannot leave a plane: what is beside it stays 0, or at the start's 1 for a cosine."""
BESIDE_THE_PLANE = (1, 2, 4, 6)
"""Angle to the target as sine and cosine, velocity to the left, roll."""

pytestmark = pytest.mark.parametrize("task_id", task_ids())


@pytest.fixture
def make_batch(task_id: str) -> Iterator[MakeBatch]:
    """Build batches of the task and close them after the test."""
    batches: list[RobotBatch] = []

    def make(num_envs: int, *, seed: int = 5, first_env_index: int = 0) -> RobotBatch:
        task = load_task(task_id)
        batches.append(RobotBatch(task, num_envs=num_envs, seed=seed, first_env_index=first_env_index))
        return batches[-1]

    yield make
    for batch in batches:
        batch.close()


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


def test_random_play_keeps_shapes_types_and_ranges(task_id: str, make_batch: MakeBatch) -> None:
    batch = make_batch(2)
    low, high = batch.task.reward_range
    assert batch.observation_space.contains(batch.reset()[0])
    for step in play(batch, NUM_STEPS):
        assert step.observations.shape == (2, find_task(task_id).observation_size)
        assert step.observations.dtype == step.rewards.dtype == np.float32
        assert step.terminated.dtype == step.truncated.dtype == bool
        assert all(batch.observation_space.contains(row) for row in step.observations)
        assert np.all((low <= step.rewards) & (step.rewards <= high))


def test_no_observation_element_is_constant(task_id: str, make_batch: MakeBatch) -> None:
    batch = make_batch(2)
    batch.reset()
    observations = np.concatenate([step.observations for step in play(batch, 400)])
    constant = np.flatnonzero(observations.min(axis=0) == observations.max(axis=0))
    assert set(constant) <= set(BESIDE_THE_PLANE if task_id in PLANAR else ())


def test_same_seed_and_actions_give_the_same_trajectory(make_batch: MakeBatch) -> None:
    first, second = (record(make_batch(2), NUM_STEPS) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_earlier_episodes_leave_no_trace(make_batch: MakeBatch) -> None:
    fresh, used = make_batch(1), make_batch(1)
    record(used, NUM_STEPS)
    used.reseed(5)
    np.testing.assert_array_equal(record(fresh, NUM_STEPS), record(used, NUM_STEPS))


def test_results_do_not_depend_on_how_environments_are_divided(make_batch: MakeBatch) -> None:
    together = record(make_batch(3), NUM_STEPS, action_rows=slice(0, 3))
    for env in range(3):
        single = record(make_batch(1, first_env_index=env), NUM_STEPS, action_rows=slice(env, env + 1))
        np.testing.assert_array_equal(single[:, 0], together[:, env])


def test_what_follows_a_rebuild_depends_on_its_key_only(make_batch: MakeBatch) -> None:
    used, fresh = make_batch(2, seed=1), make_batch(2, seed=2)
    record(used, NUM_STEPS)
    trajectories = []
    for batch in (used, fresh):
        first = batch.rebuild(7, 3)
        trajectories.append([first, *(step.observations for step in play(batch, NUM_STEPS))])
    np.testing.assert_array_equal(*trajectories)


def test_two_resets_differ(make_batch: MakeBatch) -> None:
    batch = make_batch(2)
    first, second = batch.reset(), batch.reset()
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], second[0])


def test_arrays_are_not_shared_between_steps(make_batch: MakeBatch) -> None:
    batch = make_batch(1)
    batch.reset()
    first, second = play(batch, 2)
    for name in ("observations", "rewards", "terminated", "truncated"):
        assert not np.shares_memory(getattr(first, name), getattr(second, name))


def test_time_limit_truncates_and_does_not_terminate(make_batch: MakeBatch) -> None:
    batch = make_batch(1)
    batch.reset()
    batch.mdp.step_count[:] = batch.task.max_episode_steps - 1
    step = next(play(batch, 1))
    assert (step.truncated[0], step.terminated[0]) == (True, False)
    assert step.episodes[0].termination == "time_limit"
    assert step.episodes[0].length_steps == batch.task.max_episode_steps


def test_reward_sums_add_up_to_the_return(make_batch: MakeBatch) -> None:
    batch = make_batch(1)
    batch.reset()
    rewards = 0.0
    for step in play(batch, batch.task.max_episode_steps):
        rewards += float(step.rewards[0])
        if step.episodes:
            episode = step.episodes[0]
            assert episode.episode_return == pytest.approx(rewards, rel=1e-4, abs=1e-2)
            assert sum(episode.reward_sums.values()) == pytest.approx(episode.episode_return)
            return
    pytest.fail("no episode ended within the time limit")


def test_nan_action_is_named(make_batch: MakeBatch) -> None:
    batch = make_batch(2, first_env_index=10)
    batch.reset()
    actions = np.zeros((2, *batch.action_space.shape))
    batch.step(actions)
    actions[1, 0] = np.nan
    with pytest.raises(NonFiniteStateError, match=r"^action: not finite in environment 11 at step 2") as caught:
        batch.step(actions)
    assert caught.value.states["joint_position"].shape[0] == 2


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


def test_gymnasium_makes_it_without_our_import_and_stdout_stays_clean(task_id: str) -> None:
    script = f"""if True:
        import gymnasium
        env = gymnasium.make("rlrobo/{task_id}-v0", render_mode="rgb_array")
        env.reset(seed=1)
        env.step(env.action_space.sample())
        print(env.render().shape)
    """
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, "(480, 640, 3)\n"), done.stderr


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


def play(batch: RobotBatch, num_steps: int, action_rows: slice | None = None) -> Iterator[BatchStep]:
    """Step with random actions, the same ones in every call."""
    rng = np.random.default_rng(0)
    num_rows = batch.num_envs if action_rows is None else 3
    for _ in range(num_steps):
        actions = rng.uniform(-1, 1, (num_rows, *batch.action_space.shape))
        yield batch.step(actions if action_rows is None else actions[action_rows])


def record(batch: RobotBatch, num_steps: int, action_rows: slice | None = None) -> np.ndarray:
    """Reset and play; return observations and reward (num_steps, num_envs, observation_size + 1)."""
    batch.reset()
    return np.array([np.c_[s.observations, s.rewards] for s in play(batch, num_steps, action_rows)])
