"""What the app remembers is a comfort: it is never in the way."""

from pathlib import Path

import pytest

from rlrobo_tui.memory import LiveMemory, Memory, read_memory, write_memory


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    memory = Memory(run="a", marks=["b"], live=LiveMemory(log=["train/loss"]))
    write_memory(tmp_path / "new" / "app.json", memory)
    assert read_memory(tmp_path / "new" / "app.json") == memory


@pytest.mark.parametrize("text", ["", "{", "[]", '{"marks": 3}', '{"run": "a"', "\x00\xff"])
def test_a_broken_file_is_forgotten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "app.json"
    path.write_text(text, encoding="latin-1")
    assert read_memory(path) == Memory()


def test_what_another_version_remembered_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "app.json"
    path.write_text('{"run": "a", "moon": {"phase": 1}}')
    assert read_memory(path) == Memory(run="a")


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    write_memory(tmp_path / "file" / "app.json", Memory())
