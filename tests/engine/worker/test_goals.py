"""Goal tasks: hindsight replay, success, and curricula that are part of a checkpoint."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.her.her_replay_buffer import HerReplayBuffer

from engine.protocol.checkpoints import find_checkpoint
from engine.protocol.config import RunConfig, parse_config
from engine.protocol.errors import ConfigError
from engine.protocol.events import Episodes, EvaluationDone, Metrics
from engine.protocol.json_lines import EventWriter, event_reader
from engine.protocol.provenance import collect_provenance
from engine.protocol.run_dir import RunDir, create_run
from engine.protocol.status import EndReason
from engine.replay.playback import Playback
from engine.worker.algorithms import build_model
from engine.worker.control import Control
from engine.worker.environments import make_training_env
from engine.worker.policy import load_policy
from engine.worker.replay_storage import ReplayStorage, end_episodes
from engine.worker.reserve import Reserve
from engine.worker.resuming import Beginning, choose_beginning, set_aside_later_checkpoints
from engine.worker.trainer_state import read_state
from engine.worker.training import train
from robots.env import RobotEnv
from robots.registry import TASKS
from tests.engine.worker.goal_task import TASK_ID, offer

HER = {"n_sampled_goal": 4, "goal_selection_strategy": "future"}


SMALL = {"name": "sac", "learning_starts": 60, "batch_size": 16, "buffer_size": 500, "her": HER}


@pytest.fixture(autouse=True)
def the_task_is_there() -> Iterator[None]:
    torch.set_num_threads(1)
    offer()
    yield
    del TASKS[TASK_ID]


def config_with(total: int = 400, **algorithm: Any) -> RunConfig:
    raw = {
        "task": TASK_ID,
        "plugins": [str(Path(__file__).with_name("goal_plugin.py"))],
        "algorithm": {
            "name": "sac",
            "learning_starts": 60,
            "batch_size": 16,
            "buffer_size": 500,
            "her": HER,
            **algorithm,
        },
        "total_timesteps": total,
        "num_envs": 2,
        "normalization": {"observations": True, "rewards": False},
        "evaluation": {"every_timesteps": 200, "episodes": 3},
        "checkpoints": {"every_timesteps": 200},
    }
    return parse_config(raw, source="test")


def trained(config: RunConfig, folder: Path) -> RunDir:
    """Train a new run in this process, to its end."""
    run = create_run(folder, config, collect_provenance(["test"]))
    train_from(run, config, Beginning(total_timesteps=config.total_timesteps))
    return run


def train_from(run: RunDir, config: RunConfig, beginning: Beginning) -> None:
    writer = EventWriter(run.events, clock=lambda: 0.0, make_room=lambda: False)
    control = Control(run, writer, Reserve(run.reserve))
    assert train(config, control, beginning) is EndReason.COMPLETED
    writer.close()


def weights(run: RunDir) -> bytes:
    """Return the last policy's weights as they are stored."""
    checkpoint = find_checkpoint(run.checkpoints, "latest")
    with zipfile.ZipFile(checkpoint.path / "policy.zip") as archive:
        return archive.read("policy.pth")


def test_success_and_levels_and_draws_are_in_the_events(tmp_path: Path) -> None:
    run = trained(config_with(), tmp_path)
    events = event_reader(run.events).read_new()
    episodes = [event for event in events if isinstance(event, Episodes)]
    assert all(event.num_successes is not None for event in episodes)
    assert all(len(event.randomizations["gravity"]) == len(event.returns) for event in episodes)
    assert all(8.0 <= drawn <= 12.0 for event in episodes for drawn in event.randomizations["gravity"])
    metrics = {name for event in events if isinstance(event, Metrics) for name in event.values}
    assert {"rollout/success_rate", "eval/success_rate", "curriculum/distance"} <= metrics
    evaluations = [event for event in events if isinstance(event, EvaluationDone)]
    assert all(event.success_rate is not None for event in evaluations)
    assert all(sum(event.termination_rates.values()) == pytest.approx(1.0) for event in evaluations)


@pytest.mark.parametrize("algorithm", [{"name": "sac"}, {"name": "td3"}, {"name": "tqc", "her": None}])
def test_resuming_is_exact_with_goals_levels_and_hindsight(algorithm: dict[str, Any], tmp_path: Path) -> None:
    config = config_with(**algorithm)
    run = trained(config, tmp_path)
    expected, levels = weights(run), read_state(find_checkpoint(run.checkpoints, "latest")).levels
    assert levels != {"distance": [0.3, 0.3]}  # else they would not show whether they came back
    beginning = choose_beginning(run, config, from_step=200)
    set_aside_later_checkpoints(run, beginning)
    train_from(run, config, beginning)
    assert weights(run) == expected
    assert read_state(find_checkpoint(run.checkpoints, "latest")).levels == levels


def test_hindsight_comes_back_from_a_buffer_that_has_wrapped_around(tmp_path: Path) -> None:
    config = config_with(total=400, buffer_size=100)
    models: list[Any] = [build_model(config, make_training_env(config), device="cpu") for _ in range(2)]
    models[0].learn(150)
    first, second = (model.replay_buffer for model in models)
    assert isinstance(second, HerReplayBuffer)
    end_episodes(first)
    ReplayStorage(first).save(tmp_path, previous=None, num_new_rows=0)
    ReplayStorage(second).load(tmp_path, position=first.pos, is_full=first.full)
    samples = []
    for buffer in (first, second):
        np.random.seed(3)
        samples.append(buffer.sample(64))
    for name in ("actions", "rewards", "dones"):
        np.testing.assert_array_equal(*(getattr(sample, name).numpy() for sample in samples))
    np.testing.assert_array_equal(*(sample.observations["desired_goal"].numpy() for sample in samples))
    np.testing.assert_array_equal(first._current_ep_start, second._current_ep_start)


def test_a_policy_of_a_goal_task_acts_as_in_training(tmp_path: Path) -> None:
    run = trained(config_with(), tmp_path)
    policy = load_policy(find_checkpoint(run.checkpoints, "latest"))
    playback = Playback(RobotEnv(TASK_ID), policy, seed=1)
    while playback.step() is None:
        pass
    assert playback.episodes[0].num_steps <= 20


@pytest.mark.parametrize(
    ("algorithm", "message"),
    [
        ({"learning_starts": 10}, r"^cart_reach: algorithm.learning_starts: expected at least 40 with hindsight"),
        ({"her": None, "n_steps": 3}, r"^cart_reach: algorithm.n_steps: n-step returns do not go with goals"),
        ({"name": "crossq"}, r"^cart_reach: algorithm.name: CrossQ of sb3-contrib takes no goals"),
    ],
)
def test_what_cannot_be_combined_is_refused(algorithm: dict[str, Any], message: str) -> None:
    config = config_with(**algorithm)
    env = make_training_env(config)
    with pytest.raises(ConfigError, match=message):
        build_model(config, env, device="cpu")
    env.close()


def test_hindsight_without_goals_is_refused() -> None:
    raw = {"task": "cartpole_balance", "algorithm": {"name": "sac", "her": HER}}
    config = parse_config(raw, source="test")
    env = make_training_env(config)
    with pytest.raises(ConfigError, match=r"^cartpole_balance: algorithm.her: cartpole_balance has no goals"):
        build_model(config, env, device="cpu")
    env.close()
