"""What this terminal can show, and how the app keeps to it."""

import locale
import os
import shutil
import sys
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from engine.protocol.errors import UsageError

CONSOLES = ("linux", "vt100", "vt102", "vt220", "cons25")
"""Values of TERM whose fonts have no braille, which charts are drawn with."""
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


def heed_real_size() -> None:
    """Forget COLUMNS and LINES where the terminal itself tells its size.

    Textual believes them more than the terminal. Whatever exports them, as GNU readline does for children of a Python
    that imported it, does so once: windows are of another size later.
    """
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return
    if size.columns and size.lines:  # a serial line tells nothing
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)


def describe_terminal() -> list[tuple[str, str]]:
    """Return what is known of the terminal, name and value each: for the help and doctor pages and for reports."""
    size = shutil.get_terminal_size((0, 0))
    through = [name for name, variable in (("tmux", "TMUX"), ("screen", "STY")) if os.environ.get(variable)]
    through += ["ssh"] if is_over_ssh() else []
    through += ["browser"] if is_in_browser() else []
    return [
        ("TERM", os.environ.get("TERM") or "(not set)"),
        ("size", f"{size.columns}x{size.lines}"),
        ("colours", color_depth()),
        ("encoding", locale.getpreferredencoding(False)),
        ("through", ", ".join(through) or "nothing"),
        ("pictures", graphics()),
    ]


def color_depth() -> str:
    """Return how many colours the terminal says that it shows."""
    if "NO_COLOR" in os.environ:
        return "none (NO_COLOR)"
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "16 million"
    return "256" if "256" in os.environ.get("TERM", "") else "16"


def graphics() -> str:
    """Return what kind of pictures the terminal can draw besides characters, as its own variables tell."""
    if os.environ.get("KITTY_WINDOW_ID") or os.environ.get("TERM", "") in ("xterm-kitty", "xterm-ghostty"):
        return "kitty graphics"
    if os.environ.get("TERM_PROGRAM") in ("iTerm.app", "WezTerm"):
        return "inline images"
    return "half blocks"


def can_show_unicode() -> bool:
    """Whether the locale's encoding is a Unicode one and the terminal more than a console with one small font.

    Whoever sets LC_ALL=C wants ASCII, though Python makes UTF-8 of it (PEP 540).
    """
    has_glyphs = os.environ.get("TERM", "") not in CONSOLES and os.environ.get("LC_ALL") not in ("C", "POSIX")
    return has_glyphs and locale.getpreferredencoding(False).lower().replace("-", "").startswith("utf")


def is_over_ssh() -> bool:
    """Whether each frame travels over a network."""
    return "SSH_CONNECTION" in os.environ
