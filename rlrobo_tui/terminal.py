"""What this terminal can show, and how the app keeps to it."""

import locale
import os
import sys
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from engine.protocol.errors import UsageError

_SAME_WIDTH = str.maketrans(
    {
        **dict.fromkeys("─┈┄╌╴╶╸╺▁▔‾–—", "-"),
        **dict.fromkeys("│┃┆┊╎▏▕▎▍▌▐‖", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╯╰┏┓┗┛╋", "+"),
        **dict.fromkeys("█▉▊▋▆▇▅▀▄▃▂■", "#"),
        **dict.fromkeys("░▒▓·•", "."),
        **dict.fromkeys("●◆★", "*"),
        **dict.fromkeys("▼▾↓", "v"),
        **dict.fromkeys("▲▴↑", "^"),
        **dict.fromkeys("▶▸→›", ">"),
        **dict.fromkeys("◀◂←‹", "<"),
        **dict.fromkeys("○◌⭘", "o"),
        "━": "=", "✓": "v", "✗": "x", "×": "x", "±": "~", "…": ".", "’": "'", "“": '"', "”": '"', "σ": "s", "\xa0": " ",
    }
)  # fmt: skip


class AsciiFilter(LineFilter):
    """Replaces every character that is not ASCII, whatever widget drew it, without changing its width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return `segments` in ASCII."""
        return [Segment(to_ascii(text), style, control) for text, style, control in segments]


@lru_cache(4096)
def to_ascii(text: str) -> str:
    """Return `text` in ASCII and as wide as it was."""
    if text.isascii():
        return text
    return "".join(char if char.isascii() else "?" * cell_len(char) for char in text.translate(_SAME_WIDTH))


def is_in_browser() -> bool:
    """Whether a server started this process to show the app in a browser."""
    return os.environ.get("TEXTUAL_DRIVER", "").endswith(":WebDriver")


def check_terminal() -> None:
    """Raise UsageError where no full-screen app can be shown."""
    if is_in_browser():
        return
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise UsageError("the app needs a terminal on stdin, stdout and stderr; use `rlrobo watch --plain` here.")
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise UsageError("the app cannot draw on TERM=dumb; use `rlrobo watch --plain` here.")


def can_show_unicode() -> bool:
    """Whether the locale's encoding is a Unicode one."""
    return locale.getpreferredencoding(False).lower().replace("-", "").startswith("utf")


def is_over_ssh() -> bool:
    """Whether each frame travels over a network."""
    return "SSH_CONNECTION" in os.environ
