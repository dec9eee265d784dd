"""The plug-in of docs/plugins.md works as it stands there."""

import re
from pathlib import Path

import numpy as np
import pytest

from robots.env import RobotEnv
from robots.plugins import load_plugins
from robots.registry import find_task

PAGE = Path(__file__).parent.parent / "docs" / "plugins.md"


@pytest.mark.usefixtures("no_plugins_stay")
def test_the_plugin_of_the_page_registers_a_task_that_is_as_its_entry_says(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 1
    (tmp_path / "gentle.py").write_text(blocks[0])
    assert load_plugins([tmp_path / "gentle.py"]) == []
    entry, env = find_task("cartpole_gentle"), RobotEnv("cartpole_gentle")
    assert env.observation_space.shape == (entry.observation_size,)
    assert env.task.max_episode_steps == entry.max_episode_steps
    env.reset(seed=1)
    assert env.step(np.ones(1))[1] == 0.5  # 1 for the step, less half of the action
    env.close()
