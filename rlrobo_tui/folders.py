"""Where the app keeps what belongs to a user and not to a run."""

from pathlib import Path

import platformdirs


def config_dir() -> Path:
    """Return the folder of files that a user edits: settings.yaml and keys.yaml."""
    return platformdirs.user_config_path("rlrobo")


def state_dir() -> Path:
    """Return the folder of what the app remembers between two starts; deleting it loses comfort only."""
    return platformdirs.user_state_path("rlrobo")


def pictures_dir() -> Path:
    """Return the folder for pictures of the screen: that of downloads, or the home of a user on a server without it."""
    downloads = platformdirs.user_downloads_path()
    return downloads if downloads.is_dir() else Path.home()


def cache_dir() -> Path:
    """Return the folder of what is compiled once for a machine; engine/kernels/library.py writes there."""
    return platformdirs.user_cache_path("rlrobo")
