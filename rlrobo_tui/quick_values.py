"""Spare commands the import of pydantic, with which newer versions of typer check even texts and flags.

It takes longer than all else of `rlrobo --help` together. Numbers, choices and paths are still checked as before.
"""

from __future__ import annotations

from typing import Any

import typer.core

BUILDER = "build_runtime_param"
"""typer's own name for what turns the words of a command line into a parameter's value; older versions lack it."""


class QuickParam:
    """Takes what has its type already; asks typer about everything else."""

    def __init__(self, descriptor: Any) -> None:
        self._descriptor = descriptor

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return `value` as the parameter's type. Raises typer's BadParameter."""
        is_single = not param.multiple and param.nargs == 1
        is_given = type(value) is self._descriptor.annotation and isinstance(value, str | bool)
        if is_single and (value is None or is_given):
            return value
        return _build(self._descriptor).coerce(value, param=param, ctx=ctx)


def spare_pydantic() -> None:
    """Let typer use `QuickParam` from now on."""
    if _build is not None:
        setattr(typer.core, BUILDER, QuickParam)


_build: Any = getattr(typer.core, BUILDER, None)
