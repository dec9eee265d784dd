"""Settings come from RLROBO_… variables, and a malformed one is named."""

from pathlib import Path

import pytest

from engine.protocol.errors import ConfigError
from engine.protocol.settings import VARIABLES, Settings, read_settings


def test_runs_folder_is_absolute_from_where_the_command_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings({}).runs_dir == tmp_path / "runs"


def test_every_variable_is_read() -> None:
    values = {"RLROBO_RUNS_DIR": "/data", "RLROBO_DEVICE": "cuda:1", "RLROBO_SEED": "7", "RLROBO_ASCII": "1"}
    assert read_settings(values) == Settings(runs_dir=Path("/data"), device="cuda:1", seed=7, ascii=True)


@pytest.mark.parametrize("name", ["compile", "cuda_graphs", "device_buffers"])
def test_switches_are_on_unless_they_are_0(name: str) -> None:
    for value, expected in (("", True), ("1", True), ("0", False)):
        assert getattr(read_settings({f"RLROBO_{name.upper()}": value}), name) is expected


def test_every_setting_has_a_variable() -> None:
    assert set(VARIABLES.values()) == set(Settings.__struct_fields__)


@pytest.mark.parametrize("seed", ["one", "-1", "1.5"])
def test_malformed_seed_is_named(seed: str) -> None:
    with pytest.raises(ConfigError, match=f"environment: RLROBO_SEED: expected a whole number >= 0, got '{seed}'"):
        read_settings({"RLROBO_SEED": seed})
