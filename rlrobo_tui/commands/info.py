"""`rlrobo info`: where everything lies on this machine."""

import platform
from importlib.metadata import version
from pathlib import Path

from engine.protocol.settings import read_settings
from rlrobo_tui.commands.options import JsonOption
from rlrobo_tui.console import print_json, print_table
from rlrobo_tui.folders import cache_dir, config_dir, state_dir


def info(as_json: JsonOption = False) -> None:
    """Print where runs, settings, keys, memories, reports and caches lie."""
    if as_json:
        places = {key: {"path": str(path), "exists": path.exists()} for key, (path, _) in _places().items()}
        print_json({"version": version("rlrobo"), "python": platform.python_version(), **places})
        return
    rows = [
        (key, str(path) if path.exists() else f"{path} (none yet)", meaning)
        for key, (path, meaning) in _places().items()
    ]
    print_table(("what", "where", "holds"), rows)


def _places() -> dict[str, tuple[Path, str]]:
    """Return each place with what it holds."""
    runs_dir = read_settings().runs_dir
    return {
        "runs": (runs_dir, "the runs; each has its engine's output in engine.log"),
        "settings": (config_dir() / "settings.yaml", "what you prefer in the app"),
        "keys": (config_dir() / "keys.yaml", "your own keys of the app"),
        "memory": (state_dir() / "app.json", "what the app remembers; it may be deleted"),
        "crashes": (state_dir() / "crashes", "reports of failures of the app"),
        "cache": (cache_dir(), "compiled parts; they are made again when missing"),
    }
