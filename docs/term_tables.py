"""Fill the tables of terms in the pages that have room for one: `python docs/term_tables.py`. A test finds stale ones.

A page has room where it says `<!-- terms: GROUP -->`; the table ends at `<!-- end of terms -->`.
"""

import inspect
import re
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

from robots.declared_terms import parameters_of
from robots.terms.library import terms_of

DOCS = Path(__file__).parent
ROOM = re.compile(r"(<!-- terms: (\w+) -->\n).*?(<!-- end of terms -->)", flags=re.DOTALL)


def main() -> None:
    """Fill every page."""
    for page in pages():
        page.write_text(fill(page.read_text(encoding="utf-8")), encoding="utf-8")


def pages() -> list[Path]:
    """Return the pages that have room for a table."""
    return [page for page in sorted(DOCS.glob("*.md")) if ROOM.search(page.read_text(encoding="utf-8"))]


def fill(text: str) -> str:
    """Return a page with its tables as the library is now."""
    return ROOM.sub(lambda found: f"{found[1]}{table(found[2])}\n{found[3]}", text)


def table(group: str) -> str:
    """Return the table of a group's terms in Markdown."""
    rows = [("Term", "What it does", "Parameters"), ("---",) * 3]
    for name, function in terms_of(group).items():
        parameters = ", ".join(_parameter(each) for each in parameters_of(function).values())
        rows.append((f"`{name}`", _sentence(function), parameters or "–"))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _sentence(function: Callable[..., Any]) -> str:
    return " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split()).replace("|", "\\|")


def _parameter(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return f"`{parameter.name}`"
    default = parameter.default.name.lower() if isinstance(parameter.default, Enum) else parameter.default
    return f"`{parameter.name}` ({list(default) if isinstance(default, tuple) else default})"


if __name__ == "__main__":
    main()
