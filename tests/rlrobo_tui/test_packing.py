"""A run holds all that its task needs, or is not made at all."""

import shutil
from pathlib import Path

import pytest

from engine.protocol.config import RunConfig
from engine.protocol.errors import ConfigError, StorageError
from engine.protocol.run_dir import list_runs
from engine.protocol.task_facts import TaskFacts, read_facts
from engine.protocol.yaml_loader import load_yaml_file
from rlrobo_tui.commands import packing
from rlrobo_tui.commands.packing import copy_robot, make_run
from robots.errors import ModelFileError
from tests.own_robot import YAML, write_robot

FACTS = TaskFacts(id="arm", observation_size=2, action_size=1, control_dt_s=0.02)


def test_a_run_of_a_robots_file_has_the_file_its_model_and_its_meshes(tmp_path: Path) -> None:
    robot = write_robot(tmp_path / "lab")
    run = make_run(tmp_path / "runs", RunConfig(task=str(robot)), FACTS)
    shutil.rmtree(tmp_path / "lab")
    assert run.read_config().task == "robot/arm.yaml"
    assert run.id.partition("-")[2] == "arm-ppo-s1"
    assert read_facts(run.facts) == FACTS
    copied = run.path / "robot"
    model = copied / load_yaml_file(copied / "arm.yaml", None)["robot"]["model"]
    assert model.is_file()
    assert (model.parent / "meshes" / "plate.obj").is_file()


def test_comments_stay(tmp_path: Path) -> None:
    copy_robot(write_robot(tmp_path / "lab"), tmp_path / "robot")
    lines = (tmp_path / "robot" / "arm.yaml").read_text().splitlines()
    assert lines[:3] == ["# Swing a rod.", "robot:", "  model: models/arm.urdf  # made in CAD"]


@pytest.mark.parametrize("quote", ["", '"', "'"])
def test_a_model_elsewhere_is_copied_too(quote: str, tmp_path: Path) -> None:
    robot = write_robot(tmp_path / "lab")
    model = f"{quote}{tmp_path}/lab/models/arm.urdf{quote}"
    robot.write_text(YAML.replace("models/arm.urdf", model))
    copy_robot(robot, tmp_path / "robot")
    assert "  model: models/arm.urdf  # made in CAD" in (tmp_path / "robot" / "arm.yaml").read_text()


def test_a_model_written_in_one_line_is_found(tmp_path: Path) -> None:
    robot = write_robot(tmp_path / "lab")
    robot.write_text("robot: {model: models/arm.urdf, joints: [hinge]}\nground: {model: models/arm.urdf}\n")
    copy_robot(robot, tmp_path / "robot")
    copied = load_yaml_file(tmp_path / "robot" / "arm.yaml", None)
    assert copied == {
        "robot": {"model": "models/arm.urdf", "joints": ["hinge"]},
        "ground": {"model": "ground/arm.urdf"},
    }
    assert (tmp_path / "robot" / "ground" / "meshes" / "plate.obj").is_file()


def test_models_that_come_with_pybullet_stay_where_they_are(tmp_path: Path) -> None:
    robot = write_robot(tmp_path / "lab", text=YAML.replace("models/arm.urdf", "pybullet_data/cartpole.urdf"))
    copy_robot(robot, tmp_path / "robot")
    assert [path.name for path in (tmp_path / "robot").iterdir()] == ["arm.yaml"]


def test_a_missing_model_is_named_and_leaves_no_run(tmp_path: Path) -> None:
    robot = write_robot(tmp_path / "lab")
    (tmp_path / "lab" / "models" / "arm.urdf").unlink()
    with pytest.raises(ModelFileError, match=r"models/arm\.urdf: cannot be read"):
        make_run(tmp_path / "runs", RunConfig(task=str(robot)), FACTS)
    assert list_runs(tmp_path / "runs") == []


def test_a_disk_that_is_full_leaves_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packing.shutil, "copyfile", refuse)
    plugin = tmp_path / "plugin.py"
    plugin.write_text("")
    with pytest.raises(StorageError, match="the disk is full"):
        make_run(tmp_path / "runs", RunConfig(task="x", plugins=[str(plugin)]), FACTS)
    assert list_runs(tmp_path / "runs") == []


def test_an_algorithm_that_cannot_learn_the_task_leaves_no_run(tmp_path: Path) -> None:
    facts = TaskFacts(id="x", observation_size=2, action_size=2, has_choices=True, control_dt_s=0.02)
    from engine.protocol.algorithms import SAC

    with pytest.raises(ConfigError, match="use ppo or a2c"):
        make_run(tmp_path / "runs", RunConfig(task="gym:x", algorithm=SAC()), facts)
    assert list_runs(tmp_path / "runs") == []
