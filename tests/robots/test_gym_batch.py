"""Other packages' environments: flat observations, ends of episodes, seeds, goals, and what is refused."""

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from robots.errors import NonFiniteStateError, RobotError, TaskDefinitionError, UnknownTaskError
from robots.gym_batch import GymBatch, GymEnv
from tests.robots import gym_envs

COUNTER = "RlroboTestCounter-v0"
gym_envs.register()


def steps(batch: GymBatch, num_steps: int, action: float = 0.0) -> list[Any]:
    return [batch.step(np.full((batch.num_envs, 1), action, dtype=np.float32)) for _ in range(num_steps)]


def test_a_time_limit_truncates_and_begins_anew() -> None:
    batch = GymBatch(COUNTER, num_envs=2, seed=1)
    batch.reset()
    *_, last = steps(batch, 5)
    assert last.truncated.tolist() == [True, True]
    assert not last.terminated.any()
    assert last.final_observations[:, 0].tolist() == [5.0, 5.0]
    assert last.observations[:, 0].tolist() == [0.0, 0.0]
    record = last.episodes[1]
    assert (record.env_index, record.episode_return, record.length_steps) == (1, 15.0, 5)  # 1 + 2 + 3 + 4 + 5
    assert (record.termination, record.terminated, record.success) == ("time_limit", False, False)


def test_an_end_of_the_task_terminates() -> None:
    batch = GymBatch(COUNTER, num_envs=1, seed=1)
    batch.reset()
    steps(batch, 1)
    (last,) = steps(batch, 1, action=2.0)
    assert (last.terminated.tolist(), last.truncated.tolist()) == ([True], [False])
    record = last.episodes[0]
    assert (record.episode_return, record.termination, record.success) == (3.0, "terminated", True)
    assert record.reward_sums == {"reward": 3.0}


def test_an_end_at_the_time_limit_is_no_truncation() -> None:
    batch = GymBatch(COUNTER, num_envs=1, seed=1)
    batch.reset()
    steps(batch, 4)
    (last,) = steps(batch, 1, action=2.0)
    assert (last.terminated.tolist(), last.truncated.tolist()) == ([True], [False])


def drawn(batch: GymBatch, num_episodes: int = 2) -> list[list[float]]:
    """Return the numbers that the environments draw in their first episodes."""
    found = [batch.reset()[:, 1].tolist()]
    for _ in range(num_episodes - 1):
        found.append(steps(batch, 5)[-1].observations[:, 1].tolist())
    return found


def test_the_same_seed_draws_the_same_and_environments_differ() -> None:
    first, second, other = (drawn(GymBatch(COUNTER, num_envs=2, seed=seed)) for seed in (1, 1, 2))
    assert first == second
    assert first != other
    assert len({number for numbers in first for number in numbers}) == 4


def test_a_rebuilt_batch_draws_what_a_new_one_of_that_key_does() -> None:
    batch = GymBatch(COUNTER, num_envs=2, seed=1)
    steps_before = drawn(batch)
    assert batch.rebuild(7, 100)[:, 1].tolist() == batch.rebuild(7, 100)[:, 1].tolist()
    batch.reseed(1)
    assert drawn(batch) == steps_before


def test_parameters_are_the_keywords_of_the_environment() -> None:
    batch = GymBatch(COUNTER, {"step_reward": 10.0}, num_envs=1, seed=1)
    batch.reset()
    assert steps(batch, 1)[0].rewards.tolist() == [10.0]


def test_goals_come_first_and_rewards_can_be_computed_anew() -> None:
    batch = GymBatch("RlroboTestGoal-v0", num_envs=1, seed=1)
    assert (batch.goal_size, batch.has_success, batch.observation_space.shape) == (1, True, (4,))
    np.testing.assert_array_equal(batch.observation_space.low, np.array([-9, -1, -1, -1], dtype=np.float32))
    batch.reset()
    step = batch.step(np.array([[0.5]], dtype=np.float32))
    assert step.observations[0, [0, 2, 3]].tolist() == [0.5, 0.25, 0.75]
    achieved, desired = np.array([[0.0], [1.0]]), np.array([[0.25], [0.0]])
    assert batch.compute_reward(achieved, desired, [{}, {}]).tolist() == [0.0, -1.0]


@pytest.mark.parametrize(
    ("observations", "sample", "flat"),
    [
        (spaces.Discrete(3), 1, [0, 1, 0]),
        (spaces.Box(0, 255, (2, 2), np.uint8), np.array([[1, 2], [3, 4]], np.uint8), [1, 2, 3, 4]),
        (spaces.Dict({"a": spaces.Discrete(2), "b": spaces.Box(0, 9, (1,))}), {"a": 0, "b": np.array([7])}, [1, 0, 7]),
        (spaces.Tuple([spaces.MultiBinary(2), spaces.Discrete(2)]), (np.array([1, 0]), 1), [1, 0, 0, 1]),
    ],
)
def test_observations_become_vectors(
    observations: Any, sample: Any, flat: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gym_envs.Spaces, "_observe", lambda _: sample)
    batch = GymBatch("RlroboTestSpaces-v0", {"observations": observations}, num_envs=1, seed=1)
    assert batch.reset().tolist() == [flat]
    assert batch.observation_space.shape == (len(flat),)


@pytest.mark.parametrize(
    "actions", [spaces.Discrete(3), spaces.MultiDiscrete([2, 3]), spaces.MultiBinary(3), spaces.Box(-3, 5, (2, 2))]
)
def test_actions_stay_as_they_are(actions: Any) -> None:
    batch = GymBatch("RlroboTestSpaces-v0", {"actions": actions}, num_envs=1, seed=1)
    assert batch.action_space == actions


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"observations": spaces.Sequence(spaces.Discrete(2))}, "its observations are Sequence.* no fixed length"),
        ({"actions": spaces.Box(-np.inf, np.inf, (1,))}, "its actions have no finite bounds"),
        (
            {"actions": spaces.Discrete(3, start=1)},
            r"its actions are Discrete\(3, start=1\); allowed: Box, and Discrete",
        ),
        ({"actions": spaces.Dict({"a": spaces.Discrete(2)})}, "its actions are Dict"),
    ],
)
def test_spaces_that_nobody_can_learn_with_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(TaskDefinitionError, match=f"^gym:RlroboTestSpaces-v0: {message}"):
        GymBatch("RlroboTestSpaces-v0", given, num_envs=1, seed=1)


@pytest.mark.parametrize(
    ("env_id", "message"),
    [
        ("RlroboNever-v0", "doesn't exist"),
        ("no_such_package:Thing-v0", "No module named 'no_such_package'"),
        ("", "Malformed environment ID"),
    ],
)
def test_what_gymnasium_cannot_make_is_a_sentence(env_id: str, message: str) -> None:
    with pytest.raises(
        UnknownTaskError, match=f"^gym:{env_id}: Gymnasium cannot make it: .*{message}.*install its pack"
    ):
        GymBatch(env_id, num_envs=1, seed=1)


def test_an_unknown_keyword_is_a_sentence() -> None:
    with pytest.raises(UnknownTaskError, match="unexpected keyword argument 'colour'"):
        GymBatch(COUNTER, {"colour": "red"}, num_envs=1, seed=1)


def test_an_observation_that_is_no_number_stops_at_once() -> None:
    batch = GymBatch("RlroboTestBroken-v0", num_envs=1, seed=1)
    batch.reset()
    with pytest.raises(NonFiniteStateError, match="observation: not finite in environment 0 at step 3"):
        steps(batch, 3)


def test_one_environment_names_how_its_episode_ended() -> None:
    env = GymEnv(COUNTER)
    env.reset(seed=1)
    infos = [env.step(np.zeros(1, dtype=np.float32))[4] for _ in range(5)]
    assert "termination" not in infos[3]
    assert infos[4]["termination"] == "time_limit"
    assert (env.max_episode_steps, env.control_dt_s) == (5, 0.1)


def test_pictures_come_as_the_environment_draws_them() -> None:
    env = GymEnv(COUNTER, render_mode="rgb_array")
    env.reset(seed=1)
    assert env.picture(width=640, height=480).shape == (30, 41, 3)


def test_an_environment_that_cannot_draw_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    env = GymEnv(COUNTER)
    env.reset(seed=1)
    monkeypatch.setattr(gym_envs.Counter, "render", lambda _: None)
    with pytest.raises(RobotError, match=r"^gym:RlroboTestCounter-v0: drew no picture"):
        env.picture(width=64, height=48)


def test_an_environment_without_a_time_limit_has_none() -> None:
    assert GymBatch("RlroboTestEndless-v0", num_envs=1, seed=1).max_episode_steps is None
