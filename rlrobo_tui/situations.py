"""What deserves a banner on a run's page: what happened, what follows from it, and which action comes next. Pure."""

from dataclasses import dataclass

from engine.protocol.status import OUTCOMES, EndReason, Status, with_next_step
from rlrobo_tui.link import Link
from rlrobo_tui.quantities import clock, count, number
from rlrobo_tui.run_view import RunView

Offer = tuple[str, str]
"""Name of an action as in the key map, and what it does here in a word or two."""
_RESUME: Offer = ("live.go_on", "resume")
_LOG: Offer = ("live.log", "log and engine output")
_REPLAY: Offer = ("live.replay", "replay")
_NEW: Offer = ("app.new_run", "new run")
_ALL: Offer = ("live.back", "all runs")
_KILL: Offer = ("live.kill", "kill")
_GO_ON: Offer = ("live.resume", "resume")
_STOP: Offer = ("live.stop", "stop")
_SAVE: Offer = ("live.checkpoint", "save")
_COPY: Offer = ("app.copy_command", "copy that command")


@dataclass(frozen=True)
class Situation:
    """What a user must know now."""

    status: Status
    """The status whose colour it has."""
    cause: str
    consequence: str = ""
    actions: tuple[Offer, ...] = ()
    """What helps, the most useful first, whether or not it is possible just now."""
    command: str = ""
    """A command line that helps."""


def situation(view: RunView, *, link: Link, early_death: str = "", output_cause: str = "") -> Situation | None:
    """Return what to say about a run, or None while all is well.

    `early_death` is the sentence for an engine that died before it wrote an event; `output_cause` the line of the
    engine's output that tells why it died.
    """
    if link.trouble:
        since = f"Everything here is as of {clock(link.read_at)}. " if link.read_at else ""
        consequence = f"{since}Training does not depend on it; reading is tried again all the time."
        return Situation(Status.PAUSED, f"The run cannot be read: {link.trouble}.", consequence, (_ALL,))
    if early_death:
        said = f"It said: {output_cause}" if output_cause else "Its output may say why."
        return Situation(Status.FAILED, early_death, said, (_LOG, _NEW, _ALL))
    if view.status.is_over:
        return _end(view, output_cause)
    if view.alarm:
        consequence = "A killed run can be resumed from its last checkpoint." if view.checkpoints else ""
        return Situation(Status.PAUSED, view.alarm, consequence, (_LOG, _KILL))
    if view.status is Status.PAUSED:
        return _pause(view)
    return _repetition(view)


def _end(view: RunView, output_cause: str) -> Situation:
    assert view.end_reason is not None
    command = with_next_step("", view.end_reason, view.run_id)  # a key does the same here
    cause = view.end_message.removesuffix(command).strip() or OUTCOMES[view.end_reason].sentence
    if view.end_reason is EndReason.DIVERGED:
        words = "Charts mark where. A fork from the last good checkpoint with a lower learning rate often helps:"
        return Situation(Status.FAILED, cause, words, (_COPY, _RESUME, _LOG, _ALL), gentler_fork(view))
    if view.status is Status.FINISHED:
        return Situation(view.status, cause, _what_is_left(view), (_REPLAY, _LOG, _NEW, _ALL))
    if view.status is Status.FAILED and output_cause and output_cause not in cause:
        cause = f"{cause} Its output says: {output_cause}"
    return Situation(view.status, cause, _what_is_left(view), (_RESUME, _REPLAY, _LOG, _NEW, _ALL))


def _pause(view: RunView) -> Situation:
    if view.status_detail:
        return Situation(Status.PAUSED, view.status_detail, "Nothing is lost.", (_GO_ON, _STOP, _LOG))
    words = "The engine waits and takes next to no CPU."
    return Situation(Status.PAUSED, f"Paused at {count(view.step)}.", words, (_GO_ON, _SAVE, _STOP))


def _repetition(view: RunView) -> Situation | None:
    """A run that goes on from a checkpoint trains some timesteps again; until then its numbers are no news."""
    if not view.restarts or not view.restarts[-1].num_repeated:
        return None
    restart = view.restarts[-1]
    end = restart.step + restart.num_repeated
    if view.step >= end:
        return None
    words = f"{count(restart.num_repeated)} timesteps are trained again, until {count(end)}."
    return Situation(Status.STARTING, f"Resumed from the checkpoint at {count(restart.step)}.", words)


def _what_is_left(view: RunView) -> str:
    parts: list[str] = []
    if view.checkpoints:
        lost = view.step - view.checkpoints[-1].step
        again = f", {count(lost)} timesteps earlier" if lost and view.status is Status.FAILED else ""
        parts.append(f"Last checkpoint at {count(view.checkpoints[-1].step)}{again}.")
    elif view.status is Status.FAILED:
        parts.append("No checkpoint was saved.")
    if view.best:
        parts.append(f"Best evaluation {number(view.best.return_mean)}.")
    return " ".join(parts)


def gentler_fork(view: RunView) -> str:
    """Return the command that goes on with a third of the learning rate, in a run of its own."""
    rate = view.latest("train/learning_rate")
    return f"rlrobo fork {view.run_id} --set algorithm.learning_rate={rate / 3 if rate else 1e-4:.1g}"
