"""The page that the form for a new run shows."""

from pathlib import Path

from engine.protocol.presets import build_config
from rlrobo_tui.run_form import review


def page(tmp_path: Path, task: str, *overrides: str) -> str:
    return review(build_config(task, overrides=list(overrides)), "rlrobo train", tmp_path).plain


def test_a_goal_task_succeeds_or_fails_and_is_updated_each_timestep(tmp_path: Path) -> None:
    text = page(tmp_path, "panda_reach")
    assert "panda, manipulation" in text
    assert "up to 2 s, which succeeds or fails" in text
    assert "1 timestep\n" in text


def test_what_holds_for_the_task_is_not_said_of_a_variant(tmp_path: Path) -> None:
    assert "observation 48, action 12" in page(tmp_path, "a1_walk")
    variant = page(tmp_path, "a1_walk", "task_params.terrain=rough")
    assert "observation" not in variant
    assert "solved from" not in variant
