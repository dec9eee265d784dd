"""The app in a terminal of its own: what is said when something never comes, and that nothing is left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rlrobo_tui.bench.terminal_app import NeverSeenError, TerminalApp
from tests.rlrobo_tui.cli_calls import has_ended, until_ended


def test_what_a_command_draws_is_read_and_its_end_is_told(tmp_path: Path) -> None:
    with TerminalApp(["--version"], size=(80, 24), home=tmp_path) as app:
        app.wait_for("rlrobo ")
        assert app.num_bytes > 0
        with pytest.raises(NeverSeenError, match=r"ended with exit code 0\. The screen shows:\nrlrobo"):
            app.wait_for("nobody writes this")
    assert app.process.returncode == 0


def test_an_app_that_a_signal_stopped_is_told_from_one_that_draws_nothing(tmp_path: Path) -> None:
    with TerminalApp(["tui"], size=(80, 24), home=tmp_path) as app:
        os.kill(app.process.pid, signal.SIGSTOP)
        with pytest.raises(NeverSeenError, match="stopped by a signal"):
            app.wait_for("nobody writes this", patience_s=0.1)
        os.kill(app.process.pid, signal.SIGCONT)
        with pytest.raises(NeverSeenError, match="though it runs"):
            app.wait_for("nobody writes this", patience_s=0.1)
    assert has_ended(app.process.pid)


def test_an_error_inside_ends_the_app(tmp_path: Path) -> None:
    app = TerminalApp(["tui"], size=(80, 24), home=tmp_path)
    with pytest.raises(ZeroDivisionError), app:
        raise ZeroDivisionError
    assert has_ended(app.process.pid)


def test_the_app_ends_with_a_killed_benchmark(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from rlrobo_tui.bench.terminal_app import TerminalApp\n"
        "with TerminalApp(['tui'], size=(80, 24), home=Path(sys.argv[1])) as app:\n"
        "    print(app.process.pid, flush=True)\n"
        "    app.pump(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as bench:
        assert bench.stdout is not None
        pid = int(bench.stdout.readline())
        bench.kill()
    until_ended(pid)
