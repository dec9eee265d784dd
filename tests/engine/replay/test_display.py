"""Whether a window can be opened, told before PyBullet could end the process over it."""

import subprocess
import sys

import pytest

from engine.protocol.errors import DisplayError
from engine.replay.display import require_display

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only X11 may have no display")


def test_no_display_names_the_video_instead() -> None:
    with pytest.raises(DisplayError, match=r"DISPLAY is not set; .*--video replay\.mp4"):
        require_display({})


def test_wayland_alone_names_xwayland() -> None:
    with pytest.raises(DisplayError, match="XWayland"):
        require_display({"WAYLAND_DISPLAY": "wayland-0"})


def test_display_that_does_not_open_is_named() -> None:
    with pytest.raises(DisplayError, match=r"the display :12345 cannot be opened"):
        require_display({"DISPLAY": ":12345"})


def test_display_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("python", 10)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(DisplayError, match="does not answer within 10 s"):
        require_display({"DISPLAY": "far:0"})
