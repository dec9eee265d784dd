"""What is known of a terminal, and how the app keeps to it."""

import locale
import os
import sys

import pytest

from engine.protocol.errors import UsageError
from rlrobo_tui.commands.tui import tui
from rlrobo_tui.terminal import can_show_unicode, check_terminal, describe_terminal, heed_real_size, to_ascii


def test_ascii_takes_as_much_room() -> None:
    text = "●─│╭╯█▂⣿ ‖ ✓ ✗ … ★ 日"
    assert to_ascii(text).isascii()
    assert len(to_ascii(text)) == len(text) + 1  # the last one is two columns wide
    assert to_ascii("plain") == "plain"


@pytest.mark.parametrize(
    ("encoding", "term", "can"),
    [
        ("UTF-8", "xterm-256color", True),
        ("utf8", "screen", True),
        ("ANSI_X3.4-1968", "xterm", False),
        ("ISO-8859-1", "xterm", False),
        ("UTF-8", "linux", False),
        ("UTF-8", "vt100", False),
    ],
)
def test_a_locale_or_a_console_without_the_glyphs_gets_ascii(
    monkeypatch: pytest.MonkeyPatch, encoding: str, term: str, can: bool
) -> None:
    monkeypatch.setattr(locale, "getpreferredencoding", lambda _: encoding)
    monkeypatch.setenv("TERM", term)
    assert can_show_unicode() is can


@pytest.mark.parametrize(("locale_name", "can"), [("C", False), ("POSIX", False), ("C.UTF-8", True)])
def test_the_plain_locale_asks_for_ascii_though_python_makes_it_utf_8(
    monkeypatch: pytest.MonkeyPatch, locale_name: str, can: bool
) -> None:
    monkeypatch.setattr(locale, "getpreferredencoding", lambda _: "utf-8")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("LC_ALL", locale_name)
    assert can_show_unicode() is can


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_draw_is_refused_with_the_plain_twin(monkeypatch: pytest.MonkeyPatch, term: str) -> None:
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setenv("TERM", term)
    with pytest.raises(UsageError, match="rlrobo watch --plain"):
        check_terminal()


@pytest.mark.parametrize(("told", "kept"), [((120, 40), ()), ((0, 0), ("COLUMNS", "LINES"))])
def test_a_size_in_the_environment_counts_only_where_the_terminal_tells_none(
    monkeypatch: pytest.MonkeyPatch, told: tuple[int, int], kept: tuple[str, ...]
) -> None:
    for name in ("COLUMNS", "LINES"):
        monkeypatch.setenv(name, "24")
    monkeypatch.setattr(sys.stdout, "fileno", lambda: 1)
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size(told))
    heed_real_size()
    assert tuple(name for name in ("COLUMNS", "LINES") if name in os.environ) == kept


def test_the_description_names_what_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("TERM", "xterm-256color"), ("SSH_CONNECTION", "a"), ("TMUX", "b"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    told = dict(describe_terminal())
    assert told["TERM"] == "xterm-256color"
    assert told["colours"] == "none (NO_COLOR)"
    assert told["through"] == "tmux, ssh"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.delenv("COLORTERM", raising=False)
    assert dict(describe_terminal())["colours"] == "256"


@pytest.mark.parametrize(("wanted", "got"), [("", "15"), ("30", "30")])
def test_over_ssh_textual_draws_seldom_unless_the_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, wanted: str, got: str
) -> None:
    monkeypatch.setattr("rlrobo_tui.app.run_app", lambda *_: None)
    monkeypatch.setenv("SSH_CONNECTION", "a")
    monkeypatch.setenv("TEXTUAL_FPS", wanted)
    if not wanted:
        monkeypatch.delenv("TEXTUAL_FPS")
    tui()
    assert os.environ["TEXTUAL_FPS"] == got


def test_on_the_spot_textual_draws_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlrobo_tui.app.run_app", lambda *_: None)
    for name in ("SSH_CONNECTION", "TEXTUAL_FPS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    tui()
    assert os.environ["TEXTUAL_FPS"] == "120"
