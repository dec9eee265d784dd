"""Other packages' environments train, act and go on as Stable-Baselines3 would have them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.protocol.checkpoints import find_checkpoint
from engine.protocol.config import RunConfig, parse_config
from engine.protocol.errors import ConfigError
from engine.protocol.events import EvaluationDone, Metrics, Resumed
from engine.protocol.json_lines import event_reader
from engine.replay.playback import Playback
from engine.worker.algorithms import build_model
from engine.worker.environments import make_training_env
from engine.worker.policy import load_policy
from engine.worker.resuming import choose_beginning, set_aside_later_checkpoints
from robots.gym_batch import GymEnv
from tests.engine.worker.test_goals import train_from, trained, weights
from tests.robots import gym_envs

gym_envs.register()
COUNTER, GOAL = "gym:RlroboTestCounter-v0", "gym:RlroboTestGoal-v0"


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def config_of(task: str, *, total: int = 128, **algorithm: Any) -> RunConfig:
    off_policy = {"learning_starts": 20, "batch_size": 8, "buffer_size": 200}
    on_policy = {"n_steps": 32, "batch_size": 32, "n_epochs": 1}
    settings = on_policy if algorithm["name"] == "ppo" else off_policy
    raw = {
        "task": task,
        "plugins": [gym_envs.__file__],
        "algorithm": {**settings, **algorithm},
        "total_timesteps": total,
        "num_envs": 2,
        "num_workers": 1,
        "evaluation": {"every_timesteps": 64, "episodes": 2},
        "checkpoints": {"every_timesteps": 64},
    }
    return parse_config(raw, source="test")


def test_choices_train_and_act(tmp_path: Path) -> None:
    run = trained(config_of("gym:CartPole-v1", name="ppo"), tmp_path)
    events = event_reader(run.events).read_new()
    assert [event.episodes for event in events if isinstance(event, EvaluationDone)] == [2, 2]
    policy = load_policy(find_checkpoint(run.checkpoints, "latest"))
    playback = Playback(GymEnv("CartPole-v1"), policy, seed=1)
    while playback.step() is None:
        pass
    assert playback.episodes[0].termination in ("terminated", "time_limit")


@pytest.mark.parametrize("name", ["ppo", "sac", "td3"])
def test_actions_reach_the_environment_in_its_own_range(name: str) -> None:
    config = config_of(COUNTER, name=name)
    env = make_training_env(config)
    model = build_model(config, env, device="cpu")
    model.learn(64)
    taken = np.concatenate(env.get_attr("_envs")[0][0]._env.unwrapped.actions)
    assert taken.min() < -1.0  # SAC and TD3 stretch their [-1, 1] to ±2, PPO samples beyond and is clipped
    assert np.abs(taken).max() <= 2.0
    env.close()


def test_a_time_limit_is_bootstrapped_from_the_last_observation() -> None:
    env = make_training_env(config_of(COUNTER, name="sac"))
    env.training = False
    env.reset()
    *_, (_, _, dones, infos) = [env.step(np.zeros((2, 1), dtype=np.float32)) for _ in range(5)]
    assert dones.tolist() == [True, True]
    assert infos[0]["TimeLimit.truncated"]
    assert infos[0]["terminal_observation"].shape == (2,)
    env.close()


def test_going_on_is_said_to_be_another_run(tmp_path: Path) -> None:
    config = config_of(COUNTER, name="ppo")
    run = trained(config, tmp_path)
    beginning = choose_beginning(run, config, from_step=64)
    set_aside_later_checkpoints(run, beginning)
    train_from(run, config, beginning)
    (resumed,) = (event for event in event_reader(run.events).read_new() if isinstance(event, Resumed))
    assert (resumed.step, resumed.is_exact) == (64, False)
    assert resumed.why_inexact == f"{COUNTER} is another package's, which promises nothing"


def test_the_same_seed_trains_the_same_policy(tmp_path: Path) -> None:
    first, second = (trained(config_of(COUNTER, name="sac"), tmp_path / name) for name in "ab")
    assert weights(first) == weights(second)


def test_hindsight_learns_goals_of_another_package(tmp_path: Path) -> None:
    run = trained(config_of(GOAL, name="sac", her={"n_sampled_goal": 4}), tmp_path)
    events = event_reader(run.events).read_new()
    metrics = {name for event in events if isinstance(event, Metrics) for name in event.values}
    assert {"rollout/success_rate", "eval/success_rate"} <= metrics
    policy = load_policy(find_checkpoint(run.checkpoints, "latest"))
    playback = Playback(GymEnv("RlroboTestGoal-v0"), policy, seed=1)
    while playback.step() is None:
        pass
    assert playback.episodes[0].num_steps == 5


def test_an_algorithm_that_cannot_is_refused() -> None:
    config = config_of("gym:CartPole-v1", name="sac")
    env = make_training_env(config)
    with pytest.raises(ConfigError, match="use ppo or a2c"):
        build_model(config, env, device="cpu")
    env.close()
