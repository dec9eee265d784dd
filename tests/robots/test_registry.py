"""Tasks by id, and what listing them may load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from robots.errors import TaskDefinitionError, UnknownTaskError
from robots.registry import find_task, load_task, register, task_ids


def test_unknown_task_names_the_nearest_and_all() -> None:
    with pytest.raises(
        UnknownTaskError, match=r"^ant_wlk: no such task; did you mean 'ant_walk'\? Allowed: .*a1_walk, .*\.$"
    ):
        load_task("ant_wlk")


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("arm.urdf", r"no such task but a model; `rlrobo robots new arm.urdf` writes a task for it\."),
        ("gym:CartPole-v1", r"no such task; it is another package's environment, which `rlrobo train` takes\."),
        ("arm", r"no such task; did you mean the file arm.yaml\?"),
    ],
)
def test_what_is_no_task_says_what_to_do(
    given: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "arm.yaml").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownTaskError, match=rf"^{given}: {remedy}$"):
        find_task(given)


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
