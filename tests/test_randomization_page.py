"""docs/randomization.md names every term as the library has it, and its example loads."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from engine.protocol.config import parse_config
from engine.protocol.yaml_loader import parse_yaml
from engine.tasks import make_training_batch
from robots.terms.library import terms_of

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "randomization.md").read_text(encoding="utf-8")
TABLES: dict[str, Any] = runpy.run_path(str(DOCS / "term_tables.py"))


@pytest.mark.parametrize("page", TABLES["pages"](), ids=lambda page: page.name)
def test_tables_of_terms_are_what_the_library_says_now(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert TABLES["fill"](text) == text, "stale: run `python docs/term_tables.py`"


@pytest.mark.parametrize("group", ["randomizations", "disturbances", "curriculum"])
def test_every_term_is_on_the_page(group: str) -> None:
    assert [name for name in terms_of(group) if f"| `{name}` |" not in PAGE] == []


def test_the_example_trains_what_it_says() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    config = parse_config(parse_yaml(example, source="docs/randomization.md"), source="docs/randomization.md")
    batch = make_training_batch(config, Path(), range(1))
    batch.reset()
    assert batch.levels.tolist() == [[0.0]]
    assert batch.curriculum_names == ("difficulty",)
    batch.close()
