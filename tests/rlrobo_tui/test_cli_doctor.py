"""`rlrobo doctor`: what each check concludes, on machines that are made up."""

import errno
import io
import json
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from rlrobo_tui.commands import checks, doctor
from rlrobo_tui.commands.checks import Check, Verdict
from tests.rlrobo_tui.cli_calls import Cli

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def quick_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """All checks but those that load torch or ffmpeg in a child."""
    slow = (checks.check_training, checks.check_video)
    monkeypatch.setattr(doctor, "CHECKS", [check for check in checks.CHECKS if check not in slow])


@pytest.mark.usefixtures("quick_checks")
def test_json_lists_every_check_with_its_verdict(cli: Cli) -> None:
    entries = json.loads(cli("doctor", "--json").stdout)
    assert {"python", "packages", "runs", "display", "terminal", "settings"} <= {entry["name"] for entry in entries}
    assert all(entry["verdict"] in ("ok", "warning", "failure") for entry in entries)


@pytest.mark.usefixtures("quick_checks")
def test_whatever_is_not_well_has_a_fix(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("TERM", "dumb")
    entries = json.loads(cli("doctor", "--json").stdout)
    assert all(entry["fix"] for entry in entries if entry["verdict"] != "ok")
    assert {"display", "terminal"} <= {entry["name"] for entry in entries if entry["verdict"] == "warning"}


def test_failure_exits_with_1_and_shows_its_fix(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Check(name="python", verdict=Verdict.FAILURE, seen="3.9", fix="make a venv with Python 3.11")
    monkeypatch.setattr(doctor, "CHECKS", [lambda: broken])
    result = cli("doctor", "--smoke")
    assert result.exit_code == 1
    assert "fix: make a venv with Python 3.11" in result.stdout


def test_malformed_setting_is_shown_instead_of_ending_the_doctor(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLROBO_SEED", "one")
    result = cli("doctor")
    assert result.exit_code == 1
    assert "RLROBO_SEED: expected a whole number >= 0, got 'one'" in result.stdout


def test_settings_show_what_the_environment_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLROBO_SEED", "7")
    assert checks.check_settings().seen == "RLROBO_SEED=7"


def test_too_new_python_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 12, 0))
    assert checks.check_python().verdict is Verdict.FAILURE


def test_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "package_versions", dict)
    assert "pip install rlrobo stable-baselines3" in checks.check_packages().fix


def test_runs_folder_on_a_full_disk_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullFile(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv("RLROBO_RUNS_DIR", str(tmp_path))
    monkeypatch.setattr(checks.tempfile, "TemporaryFile", lambda **_: FullFile())
    found = checks.check_runs_dir()
    assert found.verdict is Verdict.FAILURE
    assert "No space left on device" in found.seen
    assert "free some space" in found.fix


def test_runs_folder_below_a_file_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RLROBO_RUNS_DIR", str(tmp_path / "file" / "runs"))
    assert checks.check_runs_dir().verdict is Verdict.FAILURE


def test_full_disk_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLROBO_RUNS_DIR", str(tmp_path))
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: Usage(100, 99, 1))
    assert checks.check_runs_dir().verdict is Verdict.WARNING


def test_checking_the_runs_folder_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLROBO_RUNS_DIR", str(tmp_path / "runs"))
    assert checks.check_runs_dir().verdict is Verdict.OK
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("child", "verdict", "words"),
    [
        ((0, "gpu=NVIDIA H200"), Verdict.OK, "torch uses NVIDIA H200"),
        ((0, "gpu="), Verdict.WARNING, "torch cannot use it"),
        ((1, "Traceback\nImportError: libtorch.so"), Verdict.FAILURE, "ImportError: libtorch.so"),
    ],
)
def test_gpu_that_torch_cannot_use_is_a_warning(
    child: tuple[int, str], verdict: Verdict, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_run", lambda _: child)
    monkeypatch.setattr(checks, "_driver_gpu", lambda: "NVIDIA H200")
    found = checks.check_training()
    assert found.verdict is verdict
    assert words in found.seen


def test_machine_without_gpu_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_run", lambda _: (0, "gpu="))
    monkeypatch.setattr(checks, "_driver_gpu", lambda: "")
    assert checks.check_training().verdict is Verdict.OK
