"""docs/robots.md says what the tasks declare, for every task, with a picture."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from robots.registry import TASKS, TaskEntry, find_task

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "robots_page.py"))


def test_it_is_what_the_tasks_say_now(page: dict[str, Any]) -> None:
    assert page["build"]() == (DOCS / "robots.md").read_text(), "stale: run `python docs/robots_page.py`"


@pytest.mark.parametrize("task_id", TASKS)
def test_every_task_has_a_picture(task_id: str) -> None:
    assert (DOCS / "robots" / f"{task_id}.jpg").is_file(), "run `python docs/robots_page.py --pictures`"


def test_no_picture_is_of_a_task_that_is_gone() -> None:
    assert {path.stem for path in (DOCS / "robots").iterdir()} <= set(TASKS)


@pytest.mark.parametrize("task_id", TASKS)
def test_the_observation_table_counts_every_element(task_id: str, page: dict[str, Any]) -> None:
    assert indices(page, find_task(task_id)) == list(range(find_task(task_id).observation_size))


def indices(page: dict[str, Any], entry: TaskEntry) -> list[int]:
    """Return every index that the table of the task's docstring names."""
    found: list[int] = []
    for cell in (row[0] for row in page["observation_rows"](entry)[1:]):
        first, last = re.fullmatch(r"(\d+)(?:-(\d+))?", cell).groups()  # type: ignore[union-attr]
        found.extend(range(int(first), int(last or first) + 1))
    return found
