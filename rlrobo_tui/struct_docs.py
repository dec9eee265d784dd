"""What the docstrings of a settings table say: the sentence of the table, and that under each field.

They stand in the source only; docs/generate.py and the app's pages read them from there.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache

from msgspec import Struct


@cache
def field_docs(struct: type[Struct]) -> dict[str, str]:
    """Return the docstring line under each field of `struct` and of its bases."""
    found: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if issubclass(base, Struct) and base is not Struct:
            found.update(_own_field_docs(base))
    return found


def first_line(struct: type[Struct]) -> str:
    """Return the first line of the docstring of `struct`."""
    return (struct.__doc__ or "").strip().splitlines()[0]


def _own_field_docs(struct: type[Struct]) -> Iterator[tuple[str, str]]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(struct))).body
    assert isinstance(definition, ast.ClassDef)
    for field, after in zip(definition.body, definition.body[1:], strict=False):
        is_field = isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if is_field and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            yield field.target.id, " ".join(str(after.value.value).split())  # type: ignore[union-attr]
