"""What the code knows stands in the documentation, and what the documentation says to type exists."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from engine.protocol.algorithms import ALGORITHMS
from engine.protocol.commands import COMMAND_TYPES
from engine.protocol.config import RunConfig
from engine.protocol.events import EVENT_TYPES
from engine.protocol.settings import VARIABLES
from engine.protocol.status import EndReason
from rlrobo_tui.cli import COMMANDS
from rlrobo_tui.glossary import METRICS
from robots.registry import TASKS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / ".github/CONTRIBUTING.md"]
REFERENCE = (ROOT / "docs/reference.md").read_text()


@pytest.fixture(scope="module")
def generator() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs/generate.py"))


def test_the_reference_is_what_the_code_says_now(generator: dict[str, Any]) -> None:
    assert generator["build"]() == REFERENCE, "stale: run `python docs/generate.py`"


@pytest.mark.parametrize(
    "name",
    [
        *TASKS, *ALGORITHMS, *RunConfig.__struct_fields__, *EVENT_TYPES, *COMMAND_TYPES, *VARIABLES, *METRICS,
        *(reason.value for reason in EndReason),
        *(key for struct in ALGORITHMS.values() for key in struct.__struct_fields__),
    ],
)  # fmt: skip
def test_every_name_stands_in_the_reference(name: str) -> None:
    assert f"`{name}`" in REFERENCE


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_help_in_the_reference(command: str) -> None:
    assert f"Usage: rlrobo {command} " in REFERENCE


def test_no_field_is_without_its_line() -> None:
    assert "|  |" not in REFERENCE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_shows_exists(page: Path) -> None:
    shown = set(re.findall(r"(?:^|[`$ ])rlrobo ([a-z]+)", page.read_text(), flags=re.MULTILINE))
    assert shown - set(COMMANDS) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_a_page_shows_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"(?:^ {4}|`)make ([a-z-]+)", page.read_text(), flags=re.MULTILINE)) - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_picture_of_the_readme_is_small_and_tells_nothing_of_a_machine() -> None:
    (name,) = re.findall(r"!\[[^]]+\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    picture = (ROOT / name).read_text(encoding="utf-8")
    assert len(picture) < 200_000
    assert not re.search(r"@font-face|/tmp|/home|/root|engine started on|process&#160;\d", picture)


def test_every_command_of_the_quick_start_survives_the_shells_that_expand_brackets() -> None:
    text = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
    commands = [line.strip() for line in text.splitlines() if line.startswith("    rlrobo ")]
    assert [line for line in commands if re.search(r"--set [^\s']*[\[{]", line)] == []
