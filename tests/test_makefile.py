"""`make` on a fresh machine: it finds a Python that fits or says which one is needed, and installs once.

A shell script stands for Python: it tells a version, "makes" environments and notes each call of pip.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTHON = """#!/bin/sh
case "$1" in
  -c) [ {version} != broken ] && echo {version} ;;
  -m)
    case "$2" in
      venv) echo venv >> {calls} && rm -rf "$4" && mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
      pip) echo pip >> {calls} && [ ! -e {fail} ] ;;
    esac ;;
esac
"""


class Clone:
    """A folder with what `make install` reads, and a PATH with nothing but fake Pythons and a shell's tools."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, folder / name)
        for tool in ("sh", "rm", "mkdir", "cp", "touch", "find", "sed", "awk"):
            (self.bin / tool).symlink_to(str(shutil.which(tool)))

    def add_python(self, name: str, version: str) -> Path:
        path = self.bin / name
        path.write_text(PYTHON.format(version=version, calls=self.folder / "calls", fail=self.folder / "fail"))
        path.chmod(0o755)
        return path

    def make(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        # Nothing is inherited: an outer make (the one that runs these tests) would lend its variables and its level.
        command = [str(shutil.which("make")), *arguments]
        environment = {"PATH": str(self.bin), "LC_ALL": "C"}
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().split() if path.exists() else []


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_python_that_is_too_new_is_answered_with_one_sentence(clone: Clone) -> None:
    clone.add_python("python3", "3.13")
    result = clone.make("install")
    assert result.returncode != 0
    assert result.stderr.splitlines()[0] == (
        "rlrobo needs Python 3.10 or 3.11 and found 3.13 (python3): PyBullet 3.2.7 has wheels for CPython up to 3.11 "
        "only and Stable-Baselines3 needs 3.10 or newer, so install Python 3.11 and run again, for example with "
        "make PYTHON=/path/to/python3.11"
    )


def test_machine_without_python_is_answered_with_the_same_sentence(clone: Clone) -> None:
    assert "needs Python 3.10 or 3.11 and found none:" in clone.make("install").stderr


def test_python_that_exists_and_does_not_run_is_passed_over(clone: Clone) -> None:
    clone.add_python("python3.11", "broken")
    clone.add_python("python3.10", "3.10")
    assert "Making .venv with python3.10 (Python 3.10)" in clone.make("install").stderr


def test_python_that_is_named_is_the_one_that_is_used(clone: Clone) -> None:
    clone.add_python("python3.11", "3.11")
    path = clone.add_python("mine", "3.10")
    assert f"Making .venv with {path} (Python 3.10)" in clone.make("install", f"PYTHON={path}").stderr


def test_python_that_is_named_and_does_not_fit_is_not_replaced(clone: Clone) -> None:
    clone.add_python("python3.11", "3.11")
    path = clone.add_python("mine", "3.12")
    assert f"found 3.12 ({path})" in clone.make("install", f"PYTHON={path}").stderr


@pytest.fixture
def installed(clone: Clone) -> Clone:
    clone.add_python("python3.11", "3.11")
    assert clone.make("install").returncode == 0
    assert clone.calls() == ["venv", "pip"]
    return clone


def test_second_make_installs_nothing(installed: Clone) -> None:
    installed.make("install")
    assert installed.calls() == ["venv", "pip"]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_changed_requirements_are_installed_into_the_same_environment(installed: Clone, name: str) -> None:
    later = (installed.folder / ".venv/.installed-base").stat().st_mtime + 5
    os.utime(installed.folder / name, (later, later))
    installed.make("install")
    assert installed.calls() == ["venv", "pip", "pip"]


def test_tools_for_developers_are_installed_when_they_are_needed(installed: Clone) -> None:
    installed.make("test")  # fails: there is no pytest; what it installs first is of interest
    assert installed.calls() == ["venv", "pip", "pip"]


def test_interrupted_installation_is_made_anew(clone: Clone) -> None:
    clone.add_python("python3.11", "3.11")
    (clone.folder / "fail").touch()
    assert clone.make("install").returncode != 0
    (clone.folder / "fail").unlink()
    assert clone.make("install").returncode == 0
    assert clone.calls() == ["venv", "pip", "venv", "pip"]


def test_clean_removes_the_environment_and_keeps_the_runs(installed: Clone) -> None:
    (installed.folder / "runs").mkdir()
    (installed.folder / "runs" / "precious").touch()
    assert installed.make("clean").returncode == 0
    assert not (installed.folder / ".venv").exists()
    assert (installed.folder / "runs" / "precious").exists()


def test_help_is_what_make_alone_does_and_lists_every_target(clone: Clone) -> None:
    listed = [line.split()[1] for line in clone.make().stdout.splitlines()]
    targets = "help install tui train test lint format bench docker-build cloud-deploy clean"
    assert " ".join(listed) == targets
