"""The shape of the repository: short files, packages without code of their own, one set of exact versions."""

import ast
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
FOLDERS = ("engine", "robots", "rlrobo_tui", "cloud", "configs", "tests")
FILES = sorted(str(path.relative_to(ROOT)) for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
MAX_LINES = 400
"""Non-blank lines; a longer file holds more than one idea."""
PYTHONS = ("3.10", "3.11")


@pytest.mark.parametrize("path", FILES)
def test_file_is_short(path: str) -> None:
    num_lines = sum(1 for line in (ROOT / path).read_text(encoding="utf-8").splitlines() if line.strip())
    assert num_lines <= MAX_LINES


@pytest.mark.parametrize("path", [path for path in FILES if path.endswith("__init__.py")])
def test_package_holds_at_most_a_docstring(path: str) -> None:
    """It runs before any module of the package, so an import there is an import everywhere."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert len(tree.body) == (0 if ast.get_docstring(tree) is None else 1)


def direct_dependencies() -> list[Requirement]:
    """Return what pyproject.toml asks for, with its extras; the installed metadata is made from it."""
    found = [Requirement(text) for text in metadata.requires("rlrobo") or []]
    return [requirement for requirement in found if requirement.name != "rlrobo"]


def pins(python: str) -> dict[str, str]:
    """Return name and version of the lines of constraints.txt that count for one Python."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    found = [Requirement(line) for line in lines if not line.startswith("#")]
    chosen = [pin for pin in found if pin.marker is None or pin.marker.evaluate({"python_version": python})]
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in chosen}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("requirement", direct_dependencies(), ids=lambda requirement: requirement.name)
def test_direct_dependency_is_pinned_within_its_range(requirement: Requirement, python: str) -> None:
    assert requirement.specifier.contains(pins(python)[canonicalize_name(requirement.name)])


def test_every_pin_is_exact() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if [part.operator for part in Requirement(line).specifier] != ["=="]] == []


@pytest.mark.parametrize("python", PYTHONS)
def test_no_package_is_pinned_twice(python: str) -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    found = [Requirement(line) for line in lines if not line.startswith("#")]
    num_pins = sum(1 for pin in found if pin.marker is None or pin.marker.evaluate({"python_version": python}))
    assert num_pins == len(pins(python))
