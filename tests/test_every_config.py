"""Every YAML file in configs/ is a configuration that a person could have typed, for a task that exists."""

from pathlib import Path

import pytest

from engine.protocol.algorithms import ALGORITHMS, algorithm_name
from engine.protocol.config import parse_config, to_yaml
from engine.protocol.presets import load_config, preset_names
from engine.protocol.yaml_loader import parse_yaml
from robots.registry import TASKS

FOLDER = Path(__file__).parents[1] / "configs"
FILES = sorted(FOLDER.rglob("*.yaml"))


@pytest.fixture(params=FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_it_loads_and_its_place_says_what_it_is_for(path: Path) -> None:
    config = load_config(path)
    assert config.task == path.parent.name
    assert config.task in TASKS
    assert path.stem.split("-")[0] == algorithm_name(config.algorithm)


def test_it_comes_back_unmodified(path: Path) -> None:
    config = load_config(path)
    assert parse_config(parse_yaml(to_yaml(config), source="copy"), source="copy") == config


def test_it_is_offered_as_a_preset(path: Path) -> None:
    algorithm, _, name = path.stem.partition("-")
    assert (name or "tuned") in preset_names(path.parent.name, algorithm)


def test_it_says_where_its_numbers_come_from(path: Path) -> None:
    assert path.read_text().startswith("# ")


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_a_tuned_ppo_or_hindsight(task: str) -> None:
    """PPO learns no sparse goals."""
    algorithms = ("sac", "tqc") if TASKS[task].goal_size else ("ppo",)
    assert all(preset_names(task, algorithm)[0] == "tuned" for algorithm in algorithms)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_sb3_defaults_are_offered_for_every_algorithm(algorithm: str) -> None:
    assert "sb3" in preset_names("cartpole_balance", algorithm)
