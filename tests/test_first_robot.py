"""docs/your-first-robot.md quotes the code as it is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXCERPTS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/your-first-robot.md").read_text(), re.DOTALL)
SOURCES = "".join((ROOT / name).read_text() for name in ("robots/cartpole.py", "robots/terms/terminations.py"))


def test_it_quotes_something() -> None:
    assert len(EXCERPTS) > 8


@pytest.mark.parametrize("excerpt", EXCERPTS)
def test_an_excerpt_stands_in_the_code(excerpt: str) -> None:
    assert excerpt in SOURCES
