"""RobotBatch and RobotEnv beyond the contract that tests/test_every_task.py checks for each task."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import psutil
import pytest

from robots.cartpole import cartpole_balance
from robots.env import BatchStep, RobotBatch, RobotEnv
from robots.errors import NonFiniteStateError, RobotError
from robots.registry import load_task
from robots.spec import ObservationTerm, RandomizationTerm, RewardTerm, TerminationTerm
from robots.state import Start, State
from robots.terms import rewards, terminations

PUSH = np.ones((1, 1))


def nan_when_cart_moves(state: State) -> np.ndarray:
    return np.where(state.joint_velocity[:, :1] > 0.1, np.nan, state.joint_position[:, :1])


def nan_reward(state: State) -> np.ndarray:
    return np.full(len(state.flat), np.nan)


def always(state: State) -> np.ndarray:
    return np.ones(len(state.flat), dtype=bool)


def put_cart_at(start: Start, rngs: list[np.random.Generator], position_m: float) -> None:
    start.joint_position[:, 0] = position_m


def push_for(batch: RobotBatch, *, num_steps: int) -> list[BatchStep]:
    return [batch.step(np.ones((batch.num_envs, 1))) for _ in range(num_steps)]


def test_nan_observation_carries_the_term_and_the_last_states() -> None:
    broken = {"cart": ObservationTerm(function=nan_when_cart_moves)}
    batch = RobotBatch(replace(cartpole_balance(), observations=broken, resets={}), num_envs=1, seed=0)
    batch.reset()
    with pytest.raises(NonFiniteStateError, match=r"^observation cart: ") as caught:
        push_for(batch, num_steps=9)
    batch.close()
    velocities = caught.value.states["joint_velocity"][:, 0]
    assert velocities[-2] <= 0.1 < velocities[-1]
    assert len(velocities) == caught.value.step + 1


def test_nan_reward_is_named_and_survives_pickling() -> None:
    broken = {"alive": RewardTerm(function=rewards.alive, weight=1.0)}
    broken["bad"] = RewardTerm(function=nan_reward, weight=1.0)
    batch = RobotBatch(replace(cartpole_balance(), rewards=broken), num_envs=1, seed=0)
    batch.reset()
    with pytest.raises(NonFiniteStateError) as caught:
        batch.step(PUSH)
    batch.close()
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.term, copy.env_index, copy.step) == ("reward bad", 0, 1)


def test_last_states_are_at_most_eight() -> None:
    batch = RobotBatch(cartpole_balance(), num_envs=1, seed=0)
    batch.reset()
    for _ in range(12):
        batch.step(np.zeros((1, 1)))
    assert batch.mdp.last_states(0)["base_position_w"].shape == (8, 3)
    batch.close()


def test_terminating_term_comes_before_a_truncating_one() -> None:
    terms = {
        "seen_enough": TerminationTerm(function=always, truncates=True),
        "fell": TerminationTerm(function=always),
    }
    batch = RobotBatch(replace(cartpole_balance(), terminations=terms), num_envs=1, seed=0)
    batch.reset()
    step = batch.step(PUSH)
    batch.close()
    assert (step.terminated[0], step.truncated[0]) == (True, False)
    assert step.episodes[0].termination == "fell"


def test_truncating_term_truncates() -> None:
    terms = {"seen_enough": TerminationTerm(function=always, truncates=True)}
    batch = RobotBatch(replace(cartpole_balance(), terminations=terms), num_envs=1, seed=0)
    batch.reset()
    step = batch.step(PUSH)
    batch.close()
    assert (step.terminated[0], step.truncated[0]) == (False, True)
    assert step.episodes[0].termination == "seen_enough"


def test_ended_environment_begins_anew_and_shows_its_last_observation() -> None:
    task = replace(
        cartpole_balance(),
        terminations={
            "moved": TerminationTerm(
                function=terminations.joint_beyond, params={"joints": ("slider_to_cart",), "limit": 0.01}
            )
        },
        resets={},
    )
    batch = RobotBatch(task, num_envs=2, seed=0)
    first = batch.reset()
    step = batch.step(np.array([[1.0], [0.0]]))
    while not step.episodes:
        step = batch.step(np.array([[1.0], [0.0]]))
    batch.close()
    assert [episode.env_index for episode in step.episodes] == [0]
    assert step.final_observations[0, 0] > 0.01
    np.testing.assert_array_equal(step.observations[0], first[0])
    np.testing.assert_array_equal(step.observations[1], step.final_observations[1])


def test_randomizations_are_applied_after_resets() -> None:
    term = RandomizationTerm(function=put_cart_at, params={"position_m": 1.25})
    batch = RobotBatch(replace(cartpole_balance(), randomizations={"cart": term}), num_envs=2, seed=0)
    np.testing.assert_array_equal(batch.reset()[:, 0], [1.25, 1.25])
    batch.close()


def test_wrong_action_shape_says_what_is_expected() -> None:
    batch = RobotBatch(cartpole_balance(), num_envs=2, seed=0)
    batch.reset()
    with pytest.raises(ValueError, match=r"actions: shape \(1, 1\); must be \(2, 1\)"):
        batch.step(PUSH)
    batch.close()


def test_keys_of_different_length_give_different_episodes() -> None:
    batch = RobotBatch(cartpole_balance(), num_envs=1, seed=0)
    starts = [batch.rebuild(*key).tobytes() for key in ((1,), (1, 0), (1, 0, 0), (0, 1))]
    batch.close()
    assert len(set(starts)) == 4


def test_info_names_the_reward_terms_and_the_end() -> None:
    env = RobotEnv("cartpole_balance")
    env.reset(seed=0)
    has_ended, info = False, {}
    while not has_ended:
        _, reward, has_ended, _, info = env.step(np.ones(1, dtype=np.float32))
        assert info["reward_terms"] == {"alive": reward}
        assert ("termination" in info) == has_ended
    assert info["termination"] == "pole_fell"
    env.close()


def test_a1_stands_for_a_whole_episode_without_acting() -> None:
    batch = RobotBatch(load_task("a1_walk"), num_envs=1, seed=3)
    batch.reset()
    heights, episodes = [], []
    while not episodes:
        heights.append(batch.mdp.simulation.state.base_position_w[0, 2])
        episodes = batch.step(np.zeros((1, 12))).episodes
    batch.close()
    assert episodes[0].termination == "time_limit"
    assert min(heights) > 0.22


@pytest.mark.parametrize("task_id", ["ant_walk", "a1_walk"])
def test_many_resets_and_rebuilds_do_not_leak(task_id: str) -> None:
    """One leaked saved state or mesh per reset would show as tens of megabytes."""
    batch = RobotBatch(load_task(task_id), num_envs=1, seed=0)
    for _ in range(20):
        batch.reset()
    batch.rebuild(0)
    before = psutil.Process().memory_info().rss
    for _ in range(1000):
        batch.reset()
    for key in range(10):
        batch.rebuild(key)
    batch.close()
    assert psutil.Process().memory_info().rss - before < 10e6


def test_window_without_a_display_is_an_error_that_can_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(RobotError, match="needs a display"):
        RobotEnv("cartpole_balance", render_mode="human")


def test_unknown_render_mode_says_which_there_are() -> None:
    with pytest.raises(RobotError, match="allowed: None, 'rgb_array', 'human'"):
        RobotEnv("cartpole_balance", render_mode="rgb")


def test_picture_follows_the_robot() -> None:
    env = RobotEnv("a1_walk", render_mode="rgb_array")
    env.reset(seed=0)
    picture = env.render()
    assert picture is not None
    assert (picture.shape, picture.dtype) == ((480, 640, 3), np.uint8)
    middle = picture[160:320, 220:420].reshape(-1, 3)
    env.close()
    is_dark = middle.max(axis=1) < 90
    assert is_dark.mean() > 0.1, "the trunk, nearly black, must be in the middle"
