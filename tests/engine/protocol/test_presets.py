"""A task and an algorithm give a configuration; a mistake is blamed on the file or on the override that made it."""

from pathlib import Path

import pytest

from engine.protocol.algorithms import ALGORITHMS, ON_POLICY, PPO
from engine.protocol.config import Normalization
from engine.protocol.errors import ConfigError, UnknownNameError
from engine.protocol.presets import build_config, default_algorithm, load_config, preset_names

NO_SUCH_TASK = "a_task_without_files"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_task_without_files_has_the_defaults_of_sb3(algorithm: str) -> None:
    config = build_config(NO_SUCH_TASK, algorithm=algorithm)
    assert config.algorithm == ALGORITHMS[algorithm]()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_sb3_preset_normalizes_on_policy_algorithms_only(algorithm: str) -> None:
    does = algorithm in ON_POLICY
    expected = Normalization(observations=does, rewards=does)
    assert build_config(NO_SUCH_TASK, algorithm=algorithm, preset="sb3").normalization == expected


@pytest.mark.parametrize(
    ("task", "algorithm"),
    [
        (NO_SUCH_TASK, "ppo"),
        ("gym:CartPole-v1", "ppo"),
        ("my_robot.yaml", "ppo"),
        ("ant_walk", "ppo"),
        ("panda_push", "tqc"),
    ],
)
def test_default_algorithm_is_ppo_unless_only_others_are_tuned(task: str, algorithm: str) -> None:
    assert default_algorithm(task) == algorithm
    assert build_config(task) == build_config(task, algorithm=algorithm)


def test_sb3_is_always_there() -> None:
    assert preset_names(NO_SUCH_TASK, "ppo") == ["sb3"]


def test_unknown_preset_is_named_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown preset for .* 'best'.* Known: sb3"):
        build_config(NO_SUCH_TASK, preset="best")


def test_unknown_algorithm_gets_the_nearest_known_one() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'sac'"):
        build_config(NO_SUCH_TASK, algorithm="sax")


def test_override_changes_the_preset() -> None:
    assert build_config(NO_SUCH_TASK, overrides=["n_steps=64"]).algorithm == PPO(n_steps=64)


def test_override_applies_to_a_file_that_names_no_algorithm(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("task: ant_walk")
    assert load_config(tmp_path / "a.yaml", overrides=["n_steps=64"]).algorithm == PPO(n_steps=64)


def test_mistake_in_the_file_is_blamed_on_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("task: ant_walk\nseed: one")
    with pytest.raises(ConfigError, match=r"a\.yaml: seed"):
        load_config(tmp_path / "a.yaml", overrides=["num_envs=2"])


def test_mistake_in_an_override_is_blamed_on_the_override(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("task: ant_walk")
    with pytest.raises(ConfigError, match="--set: num_envs"):
        load_config(tmp_path / "a.yaml", overrides=["num_envs=none"])


def test_file_is_filled_in_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINING_SEED", "42")
    (tmp_path / "a.yaml").write_text("task: ant_walk\nseed: ${TRAINING_SEED}")
    assert load_config(tmp_path / "a.yaml").seed == 42
