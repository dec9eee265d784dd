"""What `task` may be in a run: a registered task, a plug-in's, a robot's file, another package's environment."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.protocol.config import RunConfig, parse_config
from engine.protocol.errors import ConfigError
from engine.protocol.task_facts import FACTS, TaskFacts, write_facts
from engine.tasks import describe, load_run_task, make_batch, make_env
from robots.env import RobotEnv
from robots.errors import RobotError, TaskDefinitionError, UnknownTaskError
from robots.gym_batch import GymEnv
from tests.plugin_files import TASK_ID, write_plugin
from tests.robots import gym_envs

gym_envs.register()
ROBOT = """\
robot:
  model: pybullet_data/cartpole.urdf
  joints: [slider_to_cart]
  passive_joints: [cart_to_pole]
  control: {mode: effort, effort: {slider_to_cart: 10.0}}
  is_fixed: true
  camera: {distance_m: 4.0}
physics_dt_s: 0.01
control_dt_s: 0.02
episode_length_s: 1.0
observations:
  joint_position: {joints: all}
rewards:
  alive: {weight: 1.0}
"""


def config_of(task: str, **others: Any) -> RunConfig:
    return parse_config({"task": task, **others}, source="test")


def test_facts_of_a_built_in_task_are_those_of_the_registry() -> None:
    facts = describe(config_of("cartpole_balance"), Path())
    assert (facts.id, facts.robot, facts.observation_size, facts.action_size) == ("cartpole_balance", "cartpole", 4, 1)
    assert (facts.max_episode_steps, facts.control_dt_s, facts.solved_return) == (500, 0.02, 475.0)
    assert not facts.has_choices


def test_returns_measured_on_the_task_are_not_said_of_a_variant_of_it() -> None:
    varied = config_of("cartpole_balance", randomizations={"motor_strength": {"joints": "all", "range": [0.9, 1.1]}})
    facts = describe(varied, Path())
    assert (facts.solved_return, facts.random_return) == (None, None)


def test_facts_say_how_a_variant_differs() -> None:
    variant = {"task_params": {"terrain": "rough", "randomize": True}, "disturbances": {"push": None}}
    assert describe(config_of("a1_walk", **variant), Path()).variant == "terrain=rough, randomize=true, push"


def test_facts_of_another_packages_environment() -> None:
    facts = describe(config_of("gym:RlroboTestCounter-v0"), Path())
    assert (facts.id, facts.observation_size, facts.action_size) == ("gym:RlroboTestCounter-v0", 2, 1)
    assert (facts.max_episode_steps, facts.control_dt_s, facts.has_choices) == (5, 0.1, False)
    choices = describe(config_of("gym:CartPole-v1"), Path())
    assert (choices.action_size, choices.has_choices) == (2, True)


def test_parameters_reach_another_packages_environment() -> None:
    config = config_of("gym:RlroboTestCounter-v0", task_params={"step_reward": 3.0})
    batch = make_batch(config, Path(), num_envs=1, seed=1)
    batch.reset()
    assert batch.step(np.zeros((1, 1), dtype=np.float32)).rewards.tolist() == [3.0]


def test_one_environment_to_look_at_is_made_of_either() -> None:
    robot = make_env(config_of("cartpole_balance"), Path(), render_mode="rgb_array")
    assert isinstance(robot, RobotEnv)
    robot.close()
    assert isinstance(make_env(config_of("gym:RlroboTestCounter-v0"), Path(), render_mode="rgb_array"), GymEnv)


def test_a_window_needs_a_pybullet_task() -> None:
    with pytest.raises(ConfigError, match="another package simulates it"):
        load_run_task(config_of("gym:CartPole-v1"), Path())


def test_a_robots_file_is_found_below_the_run(tmp_path: Path) -> None:
    (tmp_path / "robot").mkdir()
    (tmp_path / "robot" / "pole.yaml").write_text(ROBOT)
    config = config_of("robot/pole.yaml")
    assert load_run_task(config, tmp_path).max_episode_steps == 50
    facts = describe(config, tmp_path)
    assert (facts.id, facts.robot, facts.observation_size, facts.action_size) == ("pole", "pole", 2, 1)
    assert facts.solved_return is None


def test_parameters_of_a_robots_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pole.yaml").write_text(ROBOT)
    with pytest.raises(ConfigError, match=r"pole\.yaml: task_params: a robot's file has none"):
        load_run_task(config_of("pole.yaml", task_params={"terrain": "rough"}), tmp_path)


def test_a_mistake_in_a_robots_file_names_the_file_and_the_key(tmp_path: Path) -> None:
    (tmp_path / "pole.yaml").write_text(ROBOT.replace("alive", "alife"))
    with pytest.raises(TaskDefinitionError, match=r"pole\.yaml: rewards\.alife: no term .* did you mean 'alive'"):
        load_run_task(config_of("pole.yaml"), tmp_path)


@pytest.mark.usefixtures("no_plugins_stay")
def test_a_plugin_is_found_below_the_run(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    write_plugin(tmp_path / "plugins")
    config = config_of(TASK_ID, plugins=["plugins/gentle.py"])
    assert load_run_task(config, tmp_path).id == TASK_ID


@pytest.mark.usefixtures("no_plugins_stay")
def test_the_error_of_a_task_whose_plugin_is_broken_names_the_plugin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_plugin(tmp_path, more="raise ValueError('bad day')\n")
    with pytest.raises(UnknownTaskError, match=rf"{TASK_ID}: no such task.*plug-in {path}: line \d+: ValueError: bad"):
        load_run_task(config_of(TASK_ID, plugins=["gentle.py"]), tmp_path)
    assert "bad day" in capsys.readouterr().err


def test_the_error_of_a_task_whose_plugin_is_not_here_names_the_plugin(tmp_path: Path) -> None:
    facts = TaskFacts(id="lab_balance", origin="lab (lab_tasks)", observation_size=4, action_size=1, control_dt_s=0.02)
    write_facts(facts, tmp_path / FACTS)
    with pytest.raises(UnknownTaskError, match=r"no such task.* It came from the plug-in lab \(lab_tasks\)\."):
        load_run_task(config_of("lab_balance"), tmp_path)


@pytest.mark.usefixtures("no_plugins_stay")
def test_a_robots_file_uses_terms_of_a_plugin(tmp_path: Path) -> None:
    (tmp_path / "terms.py").write_text(
        "from robots.terms.library import register_term\n"
        "def lean(state):\n    return state.joint_position[:, 1]\n"
        "register_term('rewards', 'plugin_lean', lean)\n"
    )
    (tmp_path / "pole.yaml").write_text(ROBOT + "  plugin_lean: {weight: -1.0}\n")
    task = load_run_task(config_of("pole.yaml", plugins=["terms.py"]), tmp_path)
    assert list(task.rewards) == ["alive", "plugin_lean"]


def test_a_task_that_does_not_exist_is_refused() -> None:
    with pytest.raises(RobotError, match="did you mean 'cartpole_balance'"):
        make_batch(config_of("cartpole_balanse"), Path(), num_envs=1, seed=1)
