"""The user's own keys: `keys.yaml`, a table of action and key such as `live.pause: P` or `runs.down: j,ctrl+n`."""

import difflib
from pathlib import Path

import yaml

from engine.protocol.errors import ConfigError
from rlrobo_tui.actions.registry import ACTIONS


def read_key_map(path: Path) -> dict[str, str]:
    """Return Textual's key map: keys, separated by commas, by the action's name. Raises ConfigError.

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
        if not isinstance(keys, str | int) or not str(keys).strip():
            raise ConfigError(str(path), str(name), f"expected a key such as P, ctrl+k or f5, got {keys!r}.")
    return {str(name): str(keys).replace(" ", "") for name, keys in found.items()}
