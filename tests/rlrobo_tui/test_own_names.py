"""No widget, page or app of ours keeps its own things under a private name of Textual's, such as `_size`."""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from functools import cache

from textual.message_pump import MessagePump

import rlrobo_tui

MEANT = {"_must_signal_resume"}
"""What a driver of ours tells Textual's."""


def classes() -> Iterator[type]:
    """Return our classes that hear Textual's messages or draw for it."""
    for module in pkgutil.walk_packages(rlrobo_tui.__path__, "rlrobo_tui."):
        for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if found.__module__ == module.name and any(base.__module__.startswith("textual.") for base in found.mro()):
                yield found


@cache
def kept(cls: type) -> set[str]:
    """Return the private names that a class itself keeps in its objects."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    stored = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
    of_self = {node.attr for node in stored if isinstance(node.value, ast.Name) and node.value.id == "self"}
    return {name for name in of_self if name.startswith("_")}


def test_no_private_name_of_textual_is_taken() -> None:
    taken: dict[str, set[str]] = {}
    for cls in classes():
        theirs = {name for base in cls.mro() if base.__module__.startswith("textual.") for name in kept(base)}
        if found := kept(cls) & theirs - MEANT:
            taken[cls.__qualname__] = found
    assert not taken


def test_a_taken_name_would_be_seen() -> None:
    assert "_closing" in kept(MessagePump)
