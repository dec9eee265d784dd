"""The files that a user edits, read when the app starts: settings.yaml and keys.yaml."""

from collections.abc import Sequence

from engine.protocol.errors import RlroboError
from rlrobo_tui.folders import config_dir
from rlrobo_tui.key_map import clashes, read_key_map
from rlrobo_tui.preferences import Preferences, read_preferences


def read_user_files(warnings: Sequence[str]) -> tuple[Preferences, dict[str, str], list[str]]:
    """Return preferences, key map and warnings: a file that is wrong must not keep anybody from his runs."""
    said = list(warnings)
    preferences, keys = Preferences(), {}
    try:
        preferences = read_preferences(config_dir() / "settings.yaml")
    except RlroboError as err:
        said.append(str(err))
    try:
        keys = read_key_map(config_dir() / "keys.yaml")
        said += clashes(keys)
    except RlroboError as err:
        said.append(str(err))
    return preferences, keys, said
