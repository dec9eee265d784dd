"""What viewers ask of the engine: commands and signals, taken at step boundaries, each answered exactly once."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.protocol.commands import AnyCommand, Pause, Resume, Stop, command_type
from engine.protocol.events import CommandDone, StatusChanged, Warned
from engine.protocol.json_lines import EventWriter, command_reader, event_reader
from engine.protocol.run_dir import RunDir
from engine.protocol.status import Status
from engine.worker.reserve import Reserve

POLL_INTERVAL_S = 0.25


@dataclass
class Progress:
    """Where training stands; shared by everything that writes events."""

    step: int = 0
    """Timesteps trained."""
    idle_s: float = 0.0
    """Seconds spent on pauses and evaluations, which are not training speed."""


@dataclass
class Control:
    """Commands and signals of one run."""

    run: RunDir
    writer: EventWriter
    reserve: Reserve
    progress: Progress = field(default_factory=Progress)
    resumed_after: float = 0.0
    """Time of the last event of the engine before this one; a pause or stop from before it was meant for that one."""

    cut_update_short: Callable[[], None] = lambda: None
    """Ends an update that is under way at its next minibatch; set when there is a model, safe in a signal handler."""

    def __post_init__(self) -> None:
        self._reader = command_reader(self.run.commands)
        self._answered = {
            event.command_id for event in event_reader(self.run.events).read_new() if isinstance(event, CommandDone)
        }
        self._wake = threading.Event()
        self._stop_cause = ""
        self._is_paused = False
        self._next_poll_s = 0.0
        self._num_corrupt = 0
        self.reserve.fill()

    @property
    def must_stop(self) -> bool:
        """Whether training must end at this step."""
        return bool(self._stop_cause)

    def request_stop(self, cause: str) -> None:
        """Ask for the end at the next step; safe inside a signal handler."""
        self._stop_cause = self._stop_cause or cause
        self._wake.set()
        self.cut_update_short()

    def poll(self, carry_out: Callable[[AnyCommand], str]) -> None:
        """Take new commands, at most every quarter of a second, and hold here while the run is paused.

        `carry_out` does what a command other than pause, resume and stop asks, returns what it did, and raises
        ValueError with the reason when it refuses.
        """
        now = time.monotonic()
        if now < self._next_poll_s and not self.must_stop:
            return
        self._take_commands(carry_out)
        if self.reserve.is_released:
            self.hold_for_space("the disk is full; free some space.", carry_out)
        if self._is_paused and not self.must_stop:
            self._hold(carry_out)
        self._next_poll_s = time.monotonic() + POLL_INTERVAL_S

    def hold_for_space(self, problem: str, carry_out: Callable[[AnyCommand], str]) -> None:
        """Pause because the disk is full, until the resume command or a stop; then keep space back again."""
        self.reserve.release()
        self._is_paused = True
        self._hold(carry_out, detail=f"{problem} Then resume with `rlrobo resume {self.run.id}`.")
        if not self.must_stop:
            self.reserve.fill()

    def announce_stop(self) -> None:
        """Tell viewers that the run is ending and why."""
        self.writer.write(
            StatusChanged(step=self.progress.step, status=Status.STOPPING, detail=f"asked by {self._stop_cause}")
        )

    def _hold(self, carry_out: Callable[[AnyCommand], str], *, detail: str = "") -> None:
        began = time.monotonic()
        self.writer.write(StatusChanged(step=self.progress.step, status=Status.PAUSED, detail=detail))
        while self._is_paused and not self.must_stop:
            self._wake.wait(POLL_INTERVAL_S)
            self._take_commands(carry_out)
        self.progress.idle_s += time.monotonic() - began
        if not self.must_stop:
            self.writer.write(StatusChanged(step=self.progress.step, status=Status.RUNNING))

    def _take_commands(self, carry_out: Callable[[AnyCommand], str]) -> None:
        for command in self._reader.read_new():
            if command.id in self._answered:
                continue
            self._answered.add(command.id)
            self._answer(command, carry_out)
        if self._reader.num_corrupt > self._num_corrupt:
            self._num_corrupt = self._reader.num_corrupt
            self.writer.write(
                Warned(
                    step=self.progress.step,
                    code="bad_command",
                    message=f"{self.run.commands}: {self._num_corrupt} lines are not commands and were passed over.",
                )
            )

    def _answer(self, command: AnyCommand, carry_out: Callable[[AnyCommand], str]) -> None:
        is_accepted, detail = True, ""
        try:
            detail = self._carry_out(command, carry_out)
        except ValueError as err:
            is_accepted, detail = False, str(err)
        self.writer.write(
            CommandDone(
                step=self.progress.step,
                command_id=command.id,
                command=command_type(command),
                is_accepted=is_accepted,
                detail=detail,
            )
        )

    def _carry_out(self, command: AnyCommand, carry_out: Callable[[AnyCommand], str]) -> str:
        if isinstance(command, Pause | Stop) and command.time < self.resumed_after:
            raise ValueError("the run was resumed after it")
        if isinstance(command, Pause):
            if self._is_paused:
                raise ValueError("the run is paused already")
            self._is_paused = True
            return ""
        if isinstance(command, Resume):
            if not self._is_paused:
                raise ValueError("the run is not paused")
            self._is_paused = False
            return ""
        if isinstance(command, Stop):
            self.request_stop("the stop command")
            return ""
        return carry_out(command)
