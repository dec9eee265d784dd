"""Tags of runs: what they may be, how words change them, and what a damaged file means."""

from pathlib import Path

import pytest

from engine.protocol.errors import UsageError
from engine.protocol.run_dir import RunDir
from engine.protocol.tags import changed_tags, read_tags, write_tags


def test_words_add_and_take_away_in_their_order() -> None:
    assert changed_tags(("a", "b"), ["c", "-a", "d"]) == ("b", "c", "d")
    assert changed_tags((), ["-a"]) == ()


def test_a_tag_is_given_once_whatever_its_case() -> None:
    assert changed_tags(("paper", "b"), ["Paper"]) == ("b", "Paper")
    assert changed_tags(("paper",), ["-PAPER"]) == ()


@pytest.mark.parametrize("word", ["", "-", "--a", "a b", "a,b", "a:b", ".a", "ü", "a" * 33])
def test_what_a_filter_could_not_ask_for_is_no_tag(word: str) -> None:
    with pytest.raises(UsageError, match="no tag; it has letters"):
        changed_tags((), [word])


def test_a_run_has_sixteen_tags_at_most() -> None:
    words = [f"t{number}" for number in range(16)]
    assert len(changed_tags((), words)) == 16
    with pytest.raises(UsageError, match=r"17 tags; a run has 16 at most\. Take some away, such as -t0\."):
        changed_tags(words, ["more"])


def test_what_was_written_is_read_and_a_damaged_file_holds_none(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    assert read_tags(run) == ()
    write_tags(run, ["a", "b"])
    assert read_tags(run) == ("a", "b")
    run.tags.write_text('{"a": 1}')
    assert read_tags(run) == ()
