"""The engine on an instance: start it, see whether it works, end it, and say how it ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable

from msgspec import Struct

from cloud.records import Cause
from cloud.restoring import Beginning
from engine.launch import find_engine, find_supervisor, kill_engine, signal_stop, start_engine
from engine.protocol.commands import Pause, SaveCheckpoint, send_command
from engine.protocol.errors import ConfigError
from engine.protocol.events import AnyEvent, CommandDone, Resumed, RunEnded, RunStarted, reached_step
from engine.protocol.json_lines import event_reader
from engine.protocol.run_dir import RunDir
from engine.protocol.status import OUTCOMES, EndReason

POLL_S = 0.05
KILL_TRIES = 200
"""At one every twentieth of a second; after half of them the supervisor is killed, too."""
LOG_BYTES = 600
_CAUSES = {
    EndReason.COMPLETED: Cause.FINISHED,
    EndReason.STOPPED: Cause.STOPPED,
    EndReason.FAILED: Cause.FAILED,
    EndReason.DIVERGED: Cause.FAILED,
    EndReason.NO_SPACE: Cause.FAILED,
    EndReason.KILLED: Cause.FAILED,
}


class Ending(Struct, frozen=True, kw_only=True):
    """How the engines of this attempt ended."""

    cause: Cause
    """LOST: without a word, so that another may be started; INTERRUPTED: stopped, and not by the user."""
    step: int
    message: str


class Trainer:
    """The engine of one attempt. An agent that starts again finds the one that works."""

    def __init__(self, run: RunDir, beginning: Beginning, *, auto_resume: int) -> None:
        self.run = run
        self._beginning = beginning
        self._auto_resume = auto_resume
        self._process: subprocess.Popen[bytes] | None = None
        self._num_starts = 0

    @property
    def is_at_work(self) -> bool:
        """Whether the engine, or its supervisor, works."""
        is_there = self._process is not None and self._process.poll() is None
        return is_there or find_supervisor(self.run) is not None or find_engine(self.run) is not None

    @property
    def _is_first(self) -> bool:
        return not any(event.seq > self._beginning.seq for event in self._events())

    def hold(self) -> None:
        """Let the first engine pause where the attempt before was paused. Raises StorageError.

        To be called before any command is brought: one to go on may have come meanwhile.
        """
        if self._is_first and _is_held(self._events()):
            send_command(self.run.commands, Pause())

    def start(self) -> None:
        """Start the engine, unless one works. Raises StorageError."""
        if self.is_at_work:
            return
        # A second one goes on from what the first left.
        from_step = self._beginning.step if self._is_first and self._beginning.step else None
        self._process = start_engine(self.run, from_step=from_step, auto_resume=self._auto_resume)
        self._num_starts += 1

    def save(self) -> None:
        """Ask for a checkpoint. Raises StorageError."""
        send_command(self.run.commands, SaveCheckpoint())

    def stop(self, *, kill_at: float, clock: Callable[[], float]) -> None:
        """Ask the engine to save and end, and kill it where it has not at that moment."""
        signal_stop(self.run)
        while self.is_at_work and clock() < kill_at:
            time.sleep(POLL_S)
        self.kill()

    def kill(self) -> None:
        """End the engine at once, whatever it does; its supervisor writes down that it was killed.

        One that even that does not end is left: the machine ends next.
        """
        for tries_left in reversed(range(KILL_TRIES)):
            if not self.is_at_work:
                return
            kill_engine(self.run)
            supervisor = find_supervisor(self.run)
            if supervisor is not None and tries_left < KILL_TRIES / 2:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(supervisor.pid, signal.SIGKILL)
            time.sleep(POLL_S)

    def ending(self) -> Ending:
        """Return how it ended; ask only when none is at work."""
        events = self._events()
        own = [event for event in events if event.seq > self._beginning.seq]
        step = reached_step(events)
        if not own and self._is_trained(events):
            return Ending(cause=Cause.FINISHED, step=step, message=OUTCOMES[EndReason.COMPLETED].sentence)
        last = next((event for event in reversed(own) if isinstance(event, RunEnded | Resumed | RunStarted)), None)
        if not isinstance(last, RunEnded):
            return Ending(cause=self._without_a_word(), step=step, message=f"The engine ended: {self._last_words()}")
        cause = _CAUSES[last.reason]
        if cause is Cause.STOPPED and not any(_is_stop(event) for event in own):
            # By a signal: the machine is going down, which is no wish of the user's.
            cause = Cause.INTERRUPTED
        return Ending(cause=cause, step=step, message=last.message)

    def _is_trained(self, events: list[AnyEvent]) -> bool:
        """Whether nothing is left to train, because an attempt was cut off between its last step and its end."""
        last = next((event for event in reversed(events) if isinstance(event, RunEnded | Resumed | RunStarted)), None)
        if isinstance(last, RunEnded) and last.reason is EndReason.COMPLETED:
            return True
        try:
            total = self._beginning.total_timesteps or self.run.read_config().total_timesteps
        except ConfigError:  # the engine says what is wrong
            return False
        return self._beginning.step >= total

    def _without_a_word(self) -> Cause:
        """An engine that refuses to begin says so by its exit code, and would refuse again."""
        code = self._process.poll() if self._process is not None else None
        return Cause.FAILED if code in (1, 2) or not self._may_start_again() else Cause.LOST

    def _may_start_again(self) -> bool:
        """Whether an engine that ended without a word, its supervisor with it, may be started once more."""
        return self._num_starts <= self._auto_resume

    def _events(self) -> list[AnyEvent]:
        return event_reader(self.run.events).read_new()

    def _last_words(self) -> str:
        try:
            content = self.run.engine_log.read_bytes()[-LOG_BYTES:]
        except OSError:
            return "it left no log."
        lines = content.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "its log is empty."


def _is_stop(event: AnyEvent) -> bool:
    return isinstance(event, CommandDone) and event.command == "stop" and event.is_accepted


def _is_held(events: list[AnyEvent]) -> bool:
    """Whether the user's last word on it was to pause."""
    words = [event.command for event in events if isinstance(event, CommandDone) and event.is_accepted]
    return next((word == "pause" for word in reversed(words) if word in ("pause", "resume")), False)
