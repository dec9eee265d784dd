"""RobotVecEnv gives Stable-Baselines3 what its own vectorised environments give."""

import numpy as np
import pytest

from engine.protocol.presets import build_config
from engine.worker.environments import RobotVecEnv, make_training_env
from robots.env import RobotBatch
from robots.registry import load_task

NUM_ENVS = 3
MAX_STEPS = 500


@pytest.fixture
def env() -> RobotVecEnv:
    return RobotVecEnv(RobotBatch(load_task("cartpole_balance"), num_envs=NUM_ENVS, seed=1))


def test_shapes_and_types_are_those_of_a_vec_env(env: RobotVecEnv) -> None:
    observations = env.reset()
    assert isinstance(observations, np.ndarray)
    assert (observations.shape, observations.dtype) == ((NUM_ENVS, 4), np.float32)
    observations, rewards, dones, infos = env.step(np.zeros((NUM_ENVS, 1), dtype=np.float32))
    assert rewards.shape == dones.shape == (NUM_ENVS,)
    assert infos == [{}] * NUM_ENVS


def test_an_episode_that_ends_brings_its_statistics_and_last_observation(env: RobotVecEnv) -> None:
    env.reset()
    push = np.ones((NUM_ENVS, 1), dtype=np.float32)
    steps = (env.step(push) for _ in range(MAX_STEPS))
    length, (observations, _, dones, infos) = next((n, step) for n, step in enumerate(steps, 1) if step[2].any())
    row = int(np.flatnonzero(dones)[0])
    assert infos[row]["episode"] == {"r": pytest.approx(length), "l": length, "t": 0.0}
    assert not infos[row]["TimeLimit.truncated"]
    assert isinstance(observations, np.ndarray)
    assert not np.array_equal(infos[row]["terminal_observation"], observations[row])
    assert [record.length_steps for record in env.take_episodes()][:1] == [length]
    assert env.take_episodes() == []


def test_environments_are_not_wrapped_and_draw_nothing(env: RobotVecEnv) -> None:
    assert env.env_is_wrapped(object) == [False] * NUM_ENVS
    assert env.get_attr("render_mode") == [None] * NUM_ENVS
    with pytest.raises(AttributeError, match="one by one"):
        env.set_attr("gravity", 1)
    with pytest.raises(AttributeError, match="one by one"):
        env.env_method("jump")


@pytest.mark.parametrize("is_on", [True, False])
def test_normalization_follows_the_configuration(is_on: bool) -> None:
    word = str(is_on).lower()
    config = build_config(
        "cartpole_balance",
        overrides=[f"normalization.observations={word}", f"normalization.rewards={word}", "normalization.clip_obs=3"],
    )
    env = make_training_env(config)
    assert (env.norm_obs, env.norm_reward, env.clip_obs, env.gamma) == (is_on, is_on, 3.0, config.algorithm.gamma)
    env.close()
