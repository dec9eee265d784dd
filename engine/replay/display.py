"""Find out whether a window can be opened here, before PyBullet tries: without a display it ends its whole process."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from engine.protocol.errors import DisplayError

OPEN_TIMEOUT_S = 10.0
# Where this package is installed; Python looks for modules in the working directory first.
_ROOT = Path(__file__).parents[2]
_TRY = "import sys; from engine.replay.display import can_open; sys.exit(not can_open())"


def require_display(environment: Mapping[str, str] | None = None) -> None:
    """Return when a window can be opened. Raises DisplayError that says why not and what to do instead."""
    environment = os.environ if environment is None else environment
    if sys.platform != "linux":
        return
    advice = "record a video with `--video replay.mp4`, which needs none, or replay where there is a screen"
    display = environment.get("DISPLAY", "")
    if not display:
        seen = "DISPLAY is not set"
        if environment.get("WAYLAND_DISPLAY"):
            seen += " (PyBullet draws on X11; start XWayland for its window)"
        raise DisplayError(f"no display to open a window on: {seen}; {advice}.")
    # A display on a dead link would hang this process; the attempt is a child with a deadline.
    try:
        attempt = subprocess.run(
            [sys.executable, "-c", _TRY],
            env={**environment},
            cwd=_ROOT,
            timeout=OPEN_TIMEOUT_S,
            capture_output=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DisplayError(f"the display {display} does not answer within {OPEN_TIMEOUT_S:.0f} s; {advice}.") from None
    if attempt.returncode:
        raise DisplayError(f"the display {display} cannot be opened; {advice}.")


def can_open() -> bool:
    """Whether Xlib connects to DISPLAY; True where there is no Xlib to ask."""
    try:
        xlib = ctypes.CDLL("libX11.so.6")
    except OSError:
        return True
    xlib.XOpenDisplay.restype = ctypes.c_void_p
    return bool(xlib.XOpenDisplay(None))
