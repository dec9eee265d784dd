"""A run whose configuration adds randomisation, pushes and a curriculum to a task, all through YAML."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.protocol.checkpoints import find_checkpoint
from engine.protocol.config import RunConfig, parse_config
from engine.protocol.events import Episodes, Metrics
from engine.protocol.json_lines import event_reader
from engine.tasks import load_run_task, make_batch, make_training_batch
from engine.worker.environments import RobotVecEnv
from engine.worker.evaluation import evaluate
from engine.worker.resuming import choose_beginning, set_aside_later_checkpoints
from engine.worker.trainer_state import read_state
from robots.errors import TaskDefinitionError
from tests.engine.worker.test_goals import train_from, trained, weights

CONFIG: dict[str, Any] = {
    "task": "cartpole_balance",
    "algorithm": {"name": "ppo", "n_steps": 32, "batch_size": 32, "n_epochs": 1},
    "total_timesteps": 256,
    "num_envs": 2,
    "evaluation": {"every_timesteps": 0},
    "checkpoints": {"every_timesteps": 128},
    "curriculum": {"difficulty": {"term": "survival_step", "step": 0.05, "up_at": 0.05, "down_at": 0.02, "start": 0.3}},
    "randomizations": {
        "link_mass_scale": {"links": "all", "range": [0.5, 2.0], "curriculum": "difficulty"},
        "motor_strength": {"joints": ["slider_to_cart"], "range": [0.8, 1.2]},
        "action_delay": {"range_s": [0.0, 0.04]},
        "observation_noise": {"observations": "all", "standard_deviation": 0.01},
    },
    "disturbances": {
        "push_joints": {
            "joints": "all", "half_range": 0.2, "interval_s": [0.1, 0.3], "curriculum": "difficulty",
        },
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def config_with(**changes: Any) -> RunConfig:
    return parse_config({**CONFIG, **changes}, source="test")


def test_a_resumed_run_is_the_uninterrupted_one(tmp_path: Path) -> None:
    config = config_with()
    run = trained(config, tmp_path)
    expected, levels = weights(run), read_state(find_checkpoint(run.checkpoints, "latest")).levels
    assert levels != {"difficulty": [0.3, 0.3]}  # else they would not show whether they came back
    beginning = choose_beginning(run, config, from_step=128)
    set_aside_later_checkpoints(run, beginning)
    train_from(run, config, beginning)
    assert weights(run) == expected
    assert read_state(find_checkpoint(run.checkpoints, "latest")).levels == levels


def test_what_was_drawn_and_the_level_are_logged_and_charted(tmp_path: Path) -> None:
    config = config_with()
    run = trained(config, tmp_path)
    events = event_reader(run.events).read_new()
    episodes = [event for event in events if isinstance(event, Episodes)]
    assert episodes
    for event in episodes:
        assert set(event.randomizations) == set(config.randomizations)
        assert all(len(drawn) == len(event.returns) for drawn in event.randomizations.values())
        assert all(0.8 <= drawn <= 1.2 for drawn in event.randomizations["motor_strength"])
    metrics = {name: value for event in events if isinstance(event, Metrics) for name, value in event.values.items()}
    assert {f"randomization/{name}" for name in config.randomizations} <= set(metrics)
    assert 0.8 <= (metrics["randomization/motor_strength"] or 0.0) <= 1.2
    assert 0.0 <= (metrics["curriculum/difficulty"] or 0.0) <= 1.0


def test_evaluation_meets_the_same_variations_each_time_and_the_full_level() -> None:
    batch = make_batch(config_with(), Path(), num_envs=3, seed=0)
    drawn = []
    for _ in range(2):
        evaluate(lambda _: np.zeros((3, 1)), batch, seed=10_000)
        batch.reseed(10_000)
        batch.reset()
        drawn.append({name: values.tolist() for name, values in batch.mdp.starter.drawn.items()})  # type: ignore[attr-defined]
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0]["motor_strength"])) == 3
    assert batch.levels.tolist() == [[1.0]] * 3
    batch.close()


def test_without_changes_the_task_is_its_own() -> None:
    task = load_run_task(RunConfig(task="cartpole_balance"), Path())
    assert (task.randomizations, task.disturbances, task.curriculum) == ({}, {}, {})


def test_a_mistake_in_a_range_is_named_with_its_path() -> None:
    config = config_with(randomizations={"motor_strength": {"joints": "all", "rage": [0.5, 1.0]}})
    with pytest.raises(TaskDefinitionError, match=r"^cartpole_balance: randomizations.motor_strength.rage: .* 'range'"):
        load_run_task(config, Path())


def test_levels_come_back_by_name_and_environment() -> None:
    env = RobotVecEnv(make_training_batch(config_with(), Path(), range(3)))
    env.set_levels({"another": [0.1, 0.1]})
    assert env.levels() == {"difficulty": [0.3, 0.3, 0.3]}
    env.set_levels({"difficulty": [0.5, 0.75]})
    assert env.levels() == {"difficulty": [0.5, 0.75, 0.625]}
    env.close()
