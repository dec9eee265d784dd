"""The real app in tmux, as a user has it: keys go in, and what stands on the screen comes out."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pytest

NUM_LOOKS = 1200
"""Two minutes of looking: a busy machine loads torch in half a minute. Counted in looks, not by a clock, so that a
machine that sleeps meanwhile takes none of them."""
BETWEEN_LOOKS_S = 0.1
needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")


class TmuxApp:
    """`rlrobo ARGUMENTS` in a tmux server of its own, which ends with the block."""

    def __init__(self, *arguments: str, home: Path, size: tuple[int, int] = (120, 40)) -> None:
        """`home` is a folder of its own for runs, settings and what the app remembers."""
        self._socket = str(home / "tmux")
        self._size = size
        python = [sys.executable, "-c", "from rlrobo_tui.cli import main; main()"]
        self._command = f"exec {shlex.join([*python, *arguments])}"
        self._environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith(("RLROBO_", "TMUX"))},
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "COLUMNS": "80",  # out of date, as GNU readline leaves both for whatever its process starts
            "LINES": "24",
            "RLROBO_RUNS_DIR": str(home / "runs"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_STATE_HOME": str(home / "state"),
        }

    def __enter__(self) -> TmuxApp:
        width, height = self._size
        self._tmux("-f", os.devnull, "new-session", "-d", "-x", str(width), "-y", str(height), self._command)
        self.pid = int(self._tmux("display-message", "-p", "#{pane_pid}"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_open:
            self.close_terminal()

    @property
    def screen(self) -> str:
        """What stands on the screen; empty where the terminal is gone."""
        return self._tmux("capture-pane", "-p") if self.is_open else ""

    @property
    def is_open(self) -> bool:
        """Whether the terminal is there; it closes when the app has ended."""
        return self._run("has-session").returncode == 0

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names for them."""
        self._tmux("send-keys", *keys)

    def close_terminal(self) -> None:
        """Close the window as a user does, with whatever runs in it."""
        self._tmux("kill-server")

    def wait_for(self, *words: str) -> None:
        """Wait until all of these words are on the screen at once."""

        def are_there() -> bool:
            screen = self.screen
            return all(each in screen for each in words)

        self.wait_until(are_there, " and ".join(words))

    def wait_until(self, is_so: Callable[[], object], what: str) -> None:
        """Wait until it is so; fail with the screen."""
        for _ in range(NUM_LOOKS):
            if is_so():
                return
            time.sleep(BETWEEN_LOOKS_S)
        raise AssertionError(f"never: {what}; on the screen:\n{self.screen}")

    def _tmux(self, *arguments: str) -> str:
        done = self._run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["tmux", "-S", self._socket, *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
