"""What a user prefers, in settings.yaml: read when the app starts, written by its settings page.

The page and docs/reference.md are made from this table.
"""

import difflib
import re
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

import msgspec
import yaml
from msgspec import Struct

from engine.protocol.errors import ConfigError

Switch = Literal["auto", "on", "off"]


class Preferences(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of settings.yaml."""

    theme: Literal["dark", "light", "high-contrast", "ansi", "mono"] = "dark"
    """Colours; ansi: those that the terminal is set to, mono: none."""
    ascii: Switch = "auto"
    """Whether only ASCII characters are drawn; auto: where the locale is not UTF-8, and on a text console."""
    low_bandwidth: Switch = "auto"
    """Whether charts are drawn every five seconds and robots not at all; auto: off."""
    bell: bool = False
    """Whether the terminal rings when a run ends, fails or diverges."""
    tips: bool = True
    """Whether the list of runs shows a line of advice."""


def read_preferences(path: Path) -> Preferences:
    """Return what the file says; no file says nothing. Raises ConfigError."""
    if not path.is_file():
        return Preferences()
    try:
        return _parse(path, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(str(path), "", f"cannot be read: {err}.") from None


def choices(key: str) -> tuple[Any, ...]:
    """Return the values that a key may have, in the order of the settings page."""
    kind = get_type_hints(Preferences)[key]
    return (False, True) if kind is bool else get_args(kind)


def write_preference(path: Path, key: str, value: object) -> None:
    """Set one key; whatever else stands in the file, comments included, stays.

    Raises OSError, and ConfigError where the file holds something that its owner has to mend first.
    """
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    _parse(path, text)
    line = f"{key}: {str(value).lower()}"
    text, num_replaced = re.subn(rf"(?m)^{key}\s*:.*$", line, text, count=1)
    if not num_replaced:
        text = f"{text.rstrip()}\n{line}\n".lstrip()
    _parse(path, text)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".new")
    written.write_text(text, encoding="utf-8")
    written.replace(path)


def _parse(path: Path, text: str) -> Preferences:
    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError as err:
        raise ConfigError(str(path), "", f"cannot be read: {' '.join(str(err).split())}") from None
    if not isinstance(found, dict):
        raise ConfigError(str(path), "", "expected a table of key and value, such as `theme: light`.")
    values = _with_switches(found)
    for key, value in values.items():
        _check(path, str(key), value)
    return msgspec.convert(values, Preferences)


def _check(path: Path, key: str, value: object) -> None:
    if key not in Preferences.__struct_fields__:
        near = difflib.get_close_matches(key, Preferences.__struct_fields__, n=1)
        hint = f"do you mean {near[0]}?" if near else f"there are {', '.join(Preferences.__struct_fields__)}."
        raise ConfigError(str(path), key, f"no such key; {hint}")
    allowed = choices(key)
    if not any(value is each or (isinstance(value, str) and value == each) for each in allowed):
        words = ", ".join(str(each).lower() for each in allowed)
        raise ConfigError(str(path), key, f"expected one of {words}, got {value!r}.")


def _with_switches(found: dict[str, object]) -> dict[str, object]:
    """Return the table with `on` and `off` as words, which YAML reads as truth values."""
    words = {True: "on", False: "off"}
    switches = ("ascii", "low_bandwidth")
    return {key: words[value] if key in switches and isinstance(value, bool) else value for key, value in found.items()}
