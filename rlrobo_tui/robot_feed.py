"""Pictures of a robot that plays, made by a process of its own: the app imports no physics and no torch.

The process (engine/replay/terminal.py) answers one wish with one frame. Whoever draws asks for the next frame when the
last one is there, so a slow terminal or a busy machine drops pictures and never queues them.
"""

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from engine.protocol.run_dir import RunDir
from engine.replay.wire import Frame, Wish, read_frame
from rlrobo_tui.commands.child import NUM_LAST_LINES, explain_death, is_noise, split_line

MODULE = "engine.replay.terminal"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""A policy's layers are small; more threads would only take cores from training."""


@dataclass(frozen=True)
class Shown:
    """The answer to the last wish."""

    frame: Frame
    pictures: list[bytes]
    """One for each lane, height * width * 3 bytes."""


@dataclass(frozen=True)
class Waiting:
    """The process loads something before it can answer."""

    what: str


@dataclass(frozen=True)
class Ended:
    """The process is gone, although nobody closed the feed."""

    reason: str
    """A sentence."""


News = Shown | Waiting | Ended


class RobotFeed:
    """One such process. Its news come from threads of their own; they end with it, at once when the feed is closed."""

    def __init__(self, run: RunDir, tell: Callable[[News], object]) -> None:
        """Start the process. Raises OSError."""
        self._tell = tell
        self._is_closed = False
        self._is_free = True
        self._process = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(run.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # -m puts the working directory first on sys.path; a user's own engine/ folder must not shadow this package.
            cwd=run.path,
            env={**os.environ, **ONE_THREAD},
        )
        self._frames = threading.Thread(target=self._read_frames, daemon=True)
        self._words = threading.Thread(target=self._read_words, daemon=True)
        self._frames.start()
        self._words.start()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def is_free(self) -> bool:
        """Whether the last wish was answered."""
        return self._is_free

    def ask(self, wish: Wish) -> None:
        """Ask for a frame, unless one is on its way."""
        if not self._is_free or self._is_closed:
            return
        assert self._process.stdin is not None
        self._is_free = False
        try:
            self._process.stdin.write(msgspec.json.encode(wish) + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):  # it died, its pipes may be closed already; its last words are on their way
            return

    def close(self) -> None:
        """End the process; nothing is told any more."""
        self._is_closed = True
        self._process.kill()  # it owns nothing that could be left half done

    def _read_frames(self) -> None:
        assert self._process.stdout is not None
        while (answer := read_frame(self._process.stdout)) is not None:  # type: ignore[arg-type]
            self._is_free = True
            if not self._is_closed:
                self._tell(Shown(*answer))

    def _read_words(self) -> None:
        assert self._process.stderr is not None
        error = ""
        lines: deque[str] = deque(maxlen=NUM_LAST_LINES)
        with suppress(OSError), self._process:  # closing its pipes fails over a wish that it died without reading
            for line in self._process.stderr:
                text, message = split_line(line.decode(errors="replace"))
                if not is_noise(text):
                    lines.append(text.rstrip())
                error = str((message or {}).get("error", error))
                if message and "loading" in message and not self._is_closed:
                    self._tell(Waiting(message["loading"]))
            self._frames.join()
        if not self._is_closed:
            self._tell(Ended(error or explain_death(MODULE, self._process.returncode, lines)))
