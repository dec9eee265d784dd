"""YAML means what YAML 1.2 says, and errors say where."""

from pathlib import Path
from typing import Any

import pytest

from engine.protocol.errors import ConfigError
from engine.protocol.yaml_loader import load_yaml_file, parse_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3e-4", 0.0003),
        ("1e6", 1_000_000),
        ("1.0e6", 1_000_000),
        ("1.5e3", 1500),
        ("1_000_000", 1_000_000),
        ("-7", -7),
        ("0x10", 16),
        ("0o17", 15),
        ("0", 0),
        ("1.0", 1.0),
        (".5", 0.5),
        ("2.", 2.0),
        ("-1.5e-3", -0.0015),
        (".inf", float("inf")),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
    ],
)
def test_literal_becomes_the_value_that_a_person_means(text: str, value: Any) -> None:
    parsed = parse_yaml(f"key: {text}", source="a.yaml")["key"]
    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize("text", ["no", "yes", "on", "off", "y", "1:30", "2026-01-01", "0777", "1.2.3", "e5", "<<"])
def test_literal_stays_text(text: str) -> None:
    assert parse_yaml(f"key: {text}", source="a.yaml") == {"key": text}


def test_tab_error_names_line_and_column() -> None:
    with pytest.raises(ConfigError, match=r"^a\.yaml:2:1: .*a tab; YAML wants spaces here"):
        parse_yaml("task: a\n\tseed: 1\n", source="a.yaml")


def test_syntax_error_names_line_and_column() -> None:
    with pytest.raises(ConfigError, match=r"^a\.yaml:2:10: not valid YAML"):
        parse_yaml("task: a\nseed: [1 }\n", source="a.yaml")


def test_duplicate_key_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"a\.yaml:2:1: .*'seed' stands here twice"):
        parse_yaml("seed: 1\nseed: 2\n", source="a.yaml")


def test_duplicate_key_in_a_nested_mapping_is_refused() -> None:
    with pytest.raises(ConfigError, match="'name' stands here twice"):
        parse_yaml("algorithm: {name: ppo, name: sac}", source="a.yaml")


def test_same_key_in_two_mappings_is_allowed() -> None:
    assert parse_yaml("a: {seed: 1}\nb: {seed: 2}", source="a.yaml") == {"a": {"seed": 1}, "b": {"seed": 2}}


def test_template_braces_are_an_error_with_line_and_column() -> None:
    with pytest.raises(ConfigError, match=r"^a\.yaml:1:\d+: not valid YAML"):
        parse_yaml("task: {{ name }}", source="a.yaml")


def test_python_object_is_refused() -> None:
    with pytest.raises(ConfigError, match="could not determine a constructor"):
        parse_yaml("key: !!python/object/apply:os.getcwd []", source="a.yaml")


def load(folder: Path, text: str, **environment: str) -> dict[str, Any]:
    (folder / "a.yaml").write_text(text)
    return load_yaml_file(folder / "a.yaml", environment)


def test_reference_is_filled_in_from_the_environment(tmp_path: Path) -> None:
    assert load(tmp_path, "task: ${TASK}", TASK="ant_walk") == {"task": "ant_walk"}


def test_filled_in_value_gets_its_type(tmp_path: Path) -> None:
    assert load(tmp_path, "total_timesteps: ${STEPS}", STEPS="1e6") == {"total_timesteps": 1_000_000}


def test_default_is_used_where_the_variable_is_not_set(tmp_path: Path) -> None:
    assert load(tmp_path, "seed: ${SEED:-7}") == {"seed": 7}


def test_variable_wins_over_the_default(tmp_path: Path) -> None:
    assert load(tmp_path, "seed: ${SEED:-7}", SEED="3") == {"seed": 3}


def test_text_with_a_reference_inside_stays_text(tmp_path: Path) -> None:
    assert load(tmp_path, "task: 1${NUMBER}", NUMBER="0") == {"task": "10"}


def test_doubled_dollar_escapes_a_reference(tmp_path: Path) -> None:
    assert load(tmp_path, "task: $${TASK}", TASK="ant_walk") == {"task": "${TASK}"}


def test_missing_variable_is_named_with_file_and_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"a\.yaml: algorithm\.layers\[1\]: the environment variable WIDTH is not"):
        load(tmp_path, "algorithm: {layers: [64, '${WIDTH}']}")


def test_empty_file_is_an_empty_mapping(tmp_path: Path) -> None:
    assert load(tmp_path, "# nothing yet\n") == {}


def test_file_with_a_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected `key: value` lines, got a list"):
        load(tmp_path, "- a\n- b\n")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml: no such file"):
        load_yaml_file(tmp_path / "absent.yaml", {})


def test_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"task: \xff\xfe")
    with pytest.raises(ConfigError, match="is not text"):
        load_yaml_file(tmp_path / "a.yaml", {})
