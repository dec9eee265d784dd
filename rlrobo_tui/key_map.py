"""The user's own keys: `keys.yaml`, a table of action and key such as `live.pause: P` or `runs.down: j,ctrl+n`."""

import difflib
import string
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import yaml
from textual.keys import Keys, _character_to_key

from engine.protocol.errors import ConfigError
from rlrobo_tui.actions.action import Action
from rlrobo_tui.actions.registry import ACTIONS

_NAMES = {_character_to_key(char) for char in string.punctuation + " "} | {key.value.split("+")[-1] for key in Keys}
_MODIFIERS = ("ctrl", "shift", "alt", "super", "hyper", "meta")


def read_key_map(path: Path) -> dict[str, str]:
    """Return keys, separated by commas, by the action's name. Raises ConfigError.

    No file is an empty map.
    """
    if not path.is_file():
        return {}
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise ConfigError(str(path), "", f"cannot be read: {' '.join(str(err).split())}") from None
    if not isinstance(found, dict):
        raise ConfigError(str(path), "", "expected a table of action and key, such as `live.pause: P`.")
    known = [action.binding_id for action in ACTIONS]
    for name, keys in found.items():
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            raise ConfigError(str(path), str(name), f"no such action{f'; do you mean {near[0]}?' if near else '.'}")
        _check_keys(path, name, keys)
    return {name: str(keys).replace(" ", "") for name, keys in found.items()}


def clashes(keys: Mapping[str, str]) -> list[str]:
    """Return a sentence for each two actions that the user's keys put on one key of one page."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for action, other in combinations(ACTIONS, 2):
        is_on_one_page = action.scope == other.scope or "app" in (action.scope, other.scope)
        if not is_on_one_page or not {action.binding_id, other.binding_id} & set(keys):
            continue
        shared = keys_of(action, keys) & keys_of(other, keys)
        shared -= keys_of(action) & keys_of(other)  # pause and resume are never possible at one time
        for key in sorted(shared):
            found[key, action.binding_id].append(other.binding_id)
    return [
        f"keys.yaml: {key} is the key of both {name} and {' and '.join(others)}; give one of them another."
        for (key, name), others in found.items()
    ]


def for_textual(keys: Mapping[str, str]) -> dict[str, str]:
    """Return the map with what Textual needs besides: actions that shared a key with one that moved keep theirs.

    Textual takes a whole key away, not one action from it.
    """
    moved = [action for action in ACTIONS if action.binding_id in keys]
    left = set().union(*(keys_of(action) for action in moved))
    stay = [
        action for action in ACTIONS if action.binding_id not in keys and left & keys_of(action)
        and any(action.scope == other.scope for other in moved)
    ]  # fmt: skip
    return {**{action.binding_id: action.keys for action in stay}, **keys}


def keys_of(action: Action, keys: Mapping[str, str] | None = None) -> set[str]:
    """Return the names of an action's keys, with the user's own in `keys`."""
    return set(_normal((keys or {}).get(action.binding_id, action.keys)))


def with_keys(action: Action, keys: Mapping[str, str]) -> Action:
    """Return the action with the user's keys, for the help page."""
    mine = keys.get(action.binding_id)
    return action if mine is None else replace(action, keys=mine, shown_key=None)


def _check_keys(path: Path, name: str, keys: object) -> None:
    if isinstance(keys, bool) or not isinstance(keys, str | int) or not str(keys).strip():
        raise ConfigError(str(path), name, f"expected a key such as P, ctrl+k or f5, got {keys!r}.")
    for key in str(keys).replace(" ", "").split(","):
        *modifiers, last = key.split("+") if len(key) > 1 else [key]
        is_known = len(last) == 1 or last in _NAMES
        if not is_known or not set(modifiers) <= set(_MODIFIERS):
            near = difflib.get_close_matches(last, sorted(_NAMES), n=1)
            hint = f"; do you mean {near[0]}?" if near and not is_known else ", such as P, ctrl+k or f5."
            raise ConfigError(str(path), name, f"{key!r} is no key{hint}")


def _normal(keys: str) -> Iterator[str]:
    for key in keys.split(","):
        yield _character_to_key(key) if len(key) == 1 else key
