"""settings.yaml: what may stand in it."""

from pathlib import Path

import pytest

from engine.protocol.errors import ConfigError
from rlrobo_tui.preferences import Preferences, read_preferences, write_preferences


def test_no_file_is_all_defaults(tmp_path: Path) -> None:
    assert read_preferences(tmp_path / "settings.yaml") == Preferences()


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.yaml"
    preferences = Preferences(theme="light", ascii="on", low_bandwidth="off", bell=True, tips=False)
    write_preferences(path, preferences)
    assert read_preferences(path) == preferences
    assert [each.name for each in path.parent.iterdir()] == ["settings.yaml"]


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
