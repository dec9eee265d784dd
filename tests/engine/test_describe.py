"""The child that loads a task before there is a run: a sentence for what goes wrong."""

import json
from pathlib import Path

import pytest

from engine.describe import main
from tests.own_robot import YAML, write_robot


def test_an_observation_that_is_not_finite_is_named_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    changed = YAML.replace("  joint_position: {joints: all}", "  joint_position: {joints: all, scale: 1e400}")
    path = write_robot(tmp_path, text=changed)
    monkeypatch.setattr("sys.argv", ["engine.describe", "/", json.dumps({"task": str(path)})])
    assert main() == 2
    said = capfd.readouterr().err
    error = json.loads(said[said.index('{"') :])["error"]
    assert error.startswith(f"{path}: observation joint_position: not finite at the start of an episode")
