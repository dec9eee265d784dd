"""Read frozen dataclasses out of mappings that a person wrote: every key and every type is checked.

Knows neither tasks nor YAML. An error names where it is as a path of keys, what was seen and what is allowed. Called by
robots/declared.py.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

import msgspec

from robots.errors import TaskDefinitionError, suggest

T = TypeVar("T")


def read_dataclass(cls: type[T], raw: object, where: str, **given: Any) -> T:
    """Return a `cls` with the values of the mapping `raw`; `given` are fields that the mapping may not have.

    `where` is a path of keys, or a file's name and a colon.

    Raises TaskDefinitionError for a key that does not exist or is missing and for a value of the wrong type.
    """
    raw = as_mapping(raw, where)
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls) if field.name not in given}  # type: ignore[arg-type]
    check_keys(raw, list(fields), where)
    for name, field in fields.items():
        is_required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if is_required and name not in raw:
            raise TaskDefinitionError(f"{below(where, name)}: missing; expected {in_words(hints[name])}")
    return cls(**given, **{name: read_value(value, hints[name], below(where, name)) for name, value in raw.items()})


def read_value(value: object, hint: Any, where: str) -> Any:
    """Return `value` as the annotation `hint` wants it: lists become tuples, names enums, mappings dataclasses.

    Raises TaskDefinitionError.
    """
    options = _options(hint)
    if value is None and type(None) in options:
        return None
    for option in options:
        if dataclasses.is_dataclass(option) and isinstance(option, type):
            return read_dataclass(option, value, where)
        if isinstance(option, type) and issubclass(option, Enum):
            return _read_enum(value, option, where)
        if typing.get_origin(option) is not None and isinstance(value, Mapping) and _is_mapping(option):
            item_hint = typing.get_args(option)[1]
            return {str(key): read_value(item, item_hint, below(where, key)) for key, item in value.items()}
        if isinstance(value, list) and _is_list_of_dataclasses(option):
            item_hint = typing.get_args(option)[0]
            return tuple(read_value(item, item_hint, f"{where}[{index}]") for index, item in enumerate(value))
    try:
        converted = msgspec.convert(value, hint)
    except (msgspec.ValidationError, TypeError):
        raise TaskDefinitionError(f"{where}: expected {in_words(hint)}, got {value!r}") from None
    if _has_nan(converted):
        raise TaskDefinitionError(f"{where}: got {value!r}, which is not a number to compute with")
    return converted


def below(where: str, key: object) -> str:
    """Return the path of `key` below `where`, which is a path too, or a file's name and a colon."""
    return f"{where} {key}" if where.endswith(":") else f"{where}.{key}"


def as_mapping(raw: object, where: str) -> Mapping[str, Any]:
    """Return `raw` if it is a mapping; nothing at all counts as an empty one. Raises TaskDefinitionError."""
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise TaskDefinitionError(f"{where}: expected `key: value` lines, got {raw!r}")
    return {str(key): value for key, value in raw.items()}


def check_keys(raw: Mapping[str, Any], allowed: list[str], where: str) -> None:
    """Raise TaskDefinitionError for a key that is not allowed."""
    for key in raw:
        if key not in allowed:
            raise TaskDefinitionError(f"{below(where, key)}: unknown key{suggest(key, allowed)}")


def in_words(hint: Any) -> str:
    """Spell out an annotation for a person."""
    words = {float: "a number", int: "a whole number", bool: "true or false", str: "text", type(None): "null"}
    options = _options(hint)
    if len(options) > 1:
        return " or ".join(dict.fromkeys(in_words(option) for option in options))
    if hint in words:
        return words[hint]
    items = typing.get_args(hint)
    if typing.get_origin(hint) is tuple and items:
        kind = {float: "numbers", int: "whole numbers", str: "names"}.get(items[0], "values")
        return f"a list of {kind}" if items[-1] is Ellipsis else f"a list of {len(items)} {kind}"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return " or ".join(_names(hint))
    return "`key: value` lines" if _is_mapping(hint) or dataclasses.is_dataclass(hint) else str(hint)


def _options(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)


def _has_nan(value: object) -> bool:
    parts = value if isinstance(value, tuple | list) else (value,)
    return any(isinstance(part, float) and math.isnan(part) for part in parts)


def _is_mapping(hint: Any) -> bool:
    origin = typing.get_origin(hint) or hint
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _is_list_of_dataclasses(hint: Any) -> bool:
    items = typing.get_args(hint)
    return typing.get_origin(hint) is tuple and bool(items) and dataclasses.is_dataclass(items[0])


def _names(kind: type[Enum]) -> list[str]:
    return [member.name.lower() for member in kind]


def _read_enum(value: object, kind: type[Enum], where: str) -> Enum:
    names = _names(kind)
    if value not in names:
        raise TaskDefinitionError(f"{where}: got {value!r}{suggest(str(value), names)}")
    return list(kind)[names.index(str(value))]
