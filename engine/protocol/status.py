"""What a run is (Status) and why it ended (EndReason): two enums and one total mapping between them."""

from enum import Enum

from msgspec import Struct


class Status(str, Enum):
    """The state of a run, as every viewer shows it."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Whether no engine works on the run any more."""
        return self in (Status.FINISHED, Status.STOPPED, Status.FAILED)


class EndReason(str, Enum):
    """Why an engine stopped working on a run. KILLED is told by its supervisor or concluded by viewers."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"
    DIVERGED = "diverged"
    NO_SPACE = "no_space"
    KILLED = "killed"


class Outcome(Struct, frozen=True):
    """What follows from an end reason."""

    status: Status
    """The status that the run has from then on."""
    is_retryable: bool
    """Whether the same configuration may succeed when it is started again."""
    sentence: str
    """What the user reads."""


OUTCOMES: dict[EndReason, Outcome] = {
    EndReason.COMPLETED: Outcome(Status.FINISHED, False, "All timesteps are trained."),
    EndReason.STOPPED: Outcome(Status.STOPPED, True, "Stopped on request; a checkpoint was saved."),
    EndReason.FAILED: Outcome(Status.FAILED, False, "The engine met an error; engine.log has the details."),
    EndReason.DIVERGED: Outcome(
        Status.FAILED,
        False,
        "A value became NaN or infinite; try a smaller learning_rate or look at the named term.",
    ),
    EndReason.NO_SPACE: Outcome(
        Status.FAILED, True, "The disk is full; free some space. The last checkpoint is whole."
    ),
    EndReason.KILLED: Outcome(
        Status.FAILED,
        True,
        "The engine died without a word (killed, out of memory, power). The last checkpoint is whole.",
    ),
}


def with_next_step(message: str, reason: EndReason, run_id: str) -> str:
    """Return the sentence for the end of a run, followed by the command that goes on where that makes sense.

    Events hold the bare sentence; viewers add the command, which depends on where the run is by then.
    """
    if not OUTCOMES[reason].is_retryable:
        return message
    return f"{message} Go on with `rlrobo resume {run_id}`.".strip()
