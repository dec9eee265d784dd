"""A signal ends the app and leaves the terminal as it was."""

import os
import signal
import termios
from pathlib import Path

import pytest

from rlrobo_tui.bench.screen import Screen
from rlrobo_tui.bench.terminal_app import TerminalApp
from tests.rlrobo_tui.app_runs import make_run, training

SIZE = (80, 24)
ORDERLY = {"1049": "l", "25": "h", "1000": "l", "1003": "l", "1006": "l", "1004": "l", "2004": "l", "7": "h"}
"""Modes of a terminal that the app sets (xterm): its own screen, the cursor, mouse, focus, pastes, wrapping."""


class Recording(Screen):
    """Keeps what was written, too."""

    def __init__(self) -> None:
        super().__init__(*SIZE)
        self.written = ""

    def feed(self, written: bytes) -> None:
        self.written += written.decode(errors="replace")
        super().feed(written)

    def modes(self) -> dict[str, str]:
        """Return how each mode was set last."""
        ends = {mode: self.written.rfind(f"\x1b[?{mode}") + len(f"\x1b[?{mode}") for mode in ORDERLY}
        return {mode: self.written[end] for mode, end in ends.items()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    make_run(tmp_path / "runs", events=training())
    return tmp_path


def end(home: Path, *signals: signal.Signals) -> tuple[int, dict[str, str], list[object], list[object]]:
    """Send signals to the app while it is stopped; return its exit code, and how the terminal was before and after."""
    app = TerminalApp(["tui"], size=SIZE, home=home)
    app.screen = recording = Recording()
    with app:
        before = termios.tcgetattr(app._descriptor)
        app.wait_for("cartpole")
        assert recording.modes() != ORDERLY
        assert termios.tcgetattr(app._descriptor) != before
        app.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, app.process.pid, os.WSTOPPED)
        for each in (*signals, signal.SIGCONT):
            app.process.send_signal(each)
        while app.process.poll() is None:
            app.pump(0.05)
        app.pump(0.05)
        return app.process.returncode, recording.modes(), before, termios.tcgetattr(app._descriptor)


def test_a_signal_lets_the_app_leave_the_terminal_as_it_was(home: Path) -> None:
    code, modes, before, after = end(home, signal.SIGTERM)
    assert code == 128 + signal.SIGTERM
    assert modes == ORDERLY
    assert after == before
    assert (home / "state" / "rlrobo" / "app.json").exists()  # and it remembers, as ever


@pytest.mark.slow
def test_so_does_the_end_of_its_session(home: Path) -> None:
    code, modes, _, _ = end(home, signal.SIGHUP)
    assert code == 128 + signal.SIGHUP
    assert modes == ORDERLY


@pytest.mark.slow
def test_another_signal_ends_it_at_once_and_in_order(home: Path) -> None:
    code, modes, before, after = end(home, signal.SIGHUP, signal.SIGTERM)
    assert code == 128 + signal.SIGHUP  # the first one
    assert modes == ORDERLY
    assert after == before
