"""docs/your-own-robot.md shows a file and messages as they are, and docs/robot-file.md what the code knows."""

import re
import runpy
from pathlib import Path

import pytest

from engine.protocol.yaml_loader import parse_yaml
from robots.cartpole import cartpole_balance
from robots.declared import declare
from robots.errors import ModelFileError, TaskDefinitionError
from robots.model_file import check_model
from tests.robots.models import write_arm

DOCS = Path(__file__).parents[1] / "docs"
GUIDE = (DOCS / "your-own-robot.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


def test_the_robot_file_page_is_what_the_code_says_now() -> None:
    page = runpy.run_path(str(DOCS / "robot_file_page.py"))["build"]()
    assert page == (DOCS / "robot-file.md").read_text(encoding="utf-8"), "stale: run `python docs/robot_file_page.py`"


def test_no_key_of_the_page_is_without_its_meaning() -> None:
    assert "|  |\n" not in (DOCS / "robot-file.md").read_text(encoding="utf-8")


def test_the_file_that_the_guide_shows_is_the_cart_pole() -> None:
    task = declare(parse_yaml(EXAMPLE, source="guide"), source=Path("cartpole.yaml"))
    built_in = cartpole_balance()
    assert task.robot == built_in.robot
    assert (task.observations, task.rewards, task.terminations) == (
        built_in.observations,
        built_in.rewards,
        built_in.terminations,
    )


def test_the_messages_that_the_guide_shows_are_those_that_appear(tmp_path: Path) -> None:
    arm = write_arm(tmp_path, ('lower="-1.5" upper="1.5"', 'lower="1.5" upper="-1.5"'))
    with pytest.raises(ModelFileError) as broken:
        check_model(arm)
    with pytest.raises(TaskDefinitionError) as refused:
        declare(parse_yaml(EXAMPLE.replace("limit: 0.21", "limt: 0.21"), source=""), source=Path("my_robot.yaml"))
    for error in (broken, refused):
        assert str(error.value).replace(f"{tmp_path}/", "") in GUIDE
