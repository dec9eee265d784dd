"""Tasks by id, and what listing them may load."""

from __future__ import annotations

import subprocess
import sys

import pytest

from robots.errors import TaskDefinitionError, UnknownTaskError
from robots.registry import find_task, load_task, register, task_ids


def test_unknown_task_names_the_nearest_and_all() -> None:
    with pytest.raises(
        UnknownTaskError, match=r"^ant_wlk: no such task; did you mean 'ant_walk'\? Allowed: .*a1_walk, .*\.$"
    ):
        load_task("ant_wlk")


def test_duplicate_id_is_refused() -> None:
    with pytest.raises(TaskDefinitionError, match=r"^ant_walk: id: already registered for robots.ant:ant_walk"):
        register(find_task("ant_walk"))


def test_the_three_tasks_are_there() -> None:
    assert {"cartpole_balance", "ant_walk", "a1_walk"} <= set(task_ids())


def test_listing_tasks_loads_neither_numpy_nor_physics_nor_gymnasium() -> None:
    script = "import sys, robots.registry, robots.spec; print(*sorted(sys.modules))"
    command = [sys.executable, "-c", script]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pybullet", "gymnasium", "torch"} & set(loaded)
