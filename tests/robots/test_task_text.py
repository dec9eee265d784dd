"""What a task declares, in words."""

from __future__ import annotations

from robots.registry import load_task
from robots.task_text import goal_text


def test_a_dense_goal_is_told_from_a_sparse_one() -> None:
    sparse, dense = (goal_text(load_task("kuka_reach", {"reward": reward})) for reward in ("sparse", "dense"))
    assert sparse == "-1 until the achieved goal is within 0.05 m of the desired one, then 0 (sparse)."
    assert dense.startswith("minus the distance (m) of the achieved goal from the desired one")
