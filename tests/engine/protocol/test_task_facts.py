"""Facts of a task come back as they were written, and a viewer lives without them."""

from pathlib import Path

from engine.protocol.task_facts import TaskFacts, read_facts, write_facts

FACTS = TaskFacts(id="gym:Thing-v0", observation_size=4, action_size=2, control_dt_s=0.02)


def test_facts_come_back(tmp_path: Path) -> None:
    write_facts(FACTS, tmp_path / "task.json")
    assert read_facts(tmp_path / "task.json") == FACTS


def test_a_newer_key_is_skipped(tmp_path: Path) -> None:
    write_facts(FACTS, tmp_path / "task.json")
    text = (tmp_path / "task.json").read_text()
    (tmp_path / "task.json").write_text(text.replace("{", '{"colour": "red",', 1))
    assert read_facts(tmp_path / "task.json") == FACTS


def test_absent_or_damaged_facts_are_none(tmp_path: Path) -> None:
    assert read_facts(tmp_path / "task.json") is None
    (tmp_path / "task.json").write_text('{"id": ')
    assert read_facts(tmp_path / "task.json") is None
