"""settings.yaml: what may stand in it."""

from pathlib import Path

import pytest

from engine.protocol.errors import ConfigError
from rlrobo_tui.preferences import Preferences, choices, read_preferences, write_preference


def test_no_file_is_all_defaults(tmp_path: Path) -> None:
    assert read_preferences(tmp_path / "settings.yaml") == Preferences()


def test_every_choice_that_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.yaml"
    for key in Preferences.__struct_fields__:
        for value in choices(key):
            write_preference(path, key, value)
            assert getattr(read_preferences(path), key) == value
    assert [each.name for each in path.parent.iterdir()] == ["settings.yaml"]


def test_writing_a_key_leaves_the_rest_of_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("# mine\ntheme: dark  # at night\n\nbell: true # loud")
    write_preference(path, "theme", "light")
    write_preference(path, "ascii", "on")
    assert path.read_text() == "# mine\ntheme: light\n\nbell: true # loud\nascii: on\n"


def test_a_file_that_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("theme: blue\n")
    with pytest.raises(ConfigError, match="blue"):
        write_preference(path, "bell", True)
    assert path.read_text() == "theme: blue\n"


@pytest.mark.parametrize(
    ("written", "meant"), [("on", "on"), ("off", "off"), ("auto", "auto"), ("true", "on"), ("'off'", "off")]
)
def test_a_switch_may_be_written_as_yaml_reads_it(tmp_path: Path, written: str, meant: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(f"ascii: {written}\n")
    assert read_preferences(path).ascii == meant


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("theme: blue", "theme: expected one of dark, light, high-contrast, ansi, mono, got 'blue'"),
        ("ascii: 3", "ascii: expected one of auto, on, off, got 3"),
        ("low_bandwidth: sometimes", "low_bandwidth: expected one of auto, on, off, got 'sometimes'"),
        ("bell: often", "bell: expected one of false, true, got 'often'"),
        ("bell: 1", "bell: expected one of false, true, got 1"),
        ("tips: 'true'", "tips: expected one of false, true, got 'true'"),
        ("thme: dark", "thme: no such key; do you mean theme?"),
        ("colour: dark", "colour: no such key; there are theme, ascii"),
        ("- dark", "expected a table of key and value"),
        ("theme: {", "cannot be read"),
        ("dark", "expected a table of key and value"),
    ],
)
def test_a_wrong_value_is_told_with_the_file_and_the_key(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as info:
        read_preferences(path)
    assert words in str(info.value)
    assert str(path) in str(info.value)
