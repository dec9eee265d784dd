"""What deserves a banner on a run's page: what happened, what follows from it, and which action comes next. Pure."""

from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from engine.protocol.status import OUTCOMES, EndReason, Status, with_next_step
from rlrobo_tui.link import Link
from rlrobo_tui.quantities import clock, count, number
from rlrobo_tui.run_view import SPEED, RunView

Offer = tuple[str, str]
"""Name of an action as in the key map, and what it does here in a word or two."""
_RESUME: Offer = ("live.go_on", "resume")
_LOG: Offer = ("live.log", "log")
_REPLAY: Offer = ("live.replay", "replay")
_NEW: Offer = ("app.new_run", "new run")
_ALL: Offer = ("live.back", "all runs")
_KILL: Offer = ("live.kill", "kill")
_GO_ON: Offer = ("live.resume", "resume")
_STOP: Offer = ("live.stop", "stop")
_SAVE: Offer = ("live.checkpoint", "save")
_COPY: Offer = ("app.copy_command", "copy that command")
_REPORT: Offer = ("live.report", "report")
NUM_PACES = 20
"""Chosen: so many of the latest news tell how often they came."""


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
    if view.status.is_over and view.end_reason is not None:  # a damaged file may tell of an end without its reason
        return _end(view, output_cause)
    if view.alarm:
        return _alarm(view)
    if view.status is Status.PAUSED:
        return _pause(view)
    return _repetition(view)


def _end(view: RunView, output_cause: str) -> Situation:
    assert view.end_reason is not None
    command = with_next_step("", view.end_reason, view.run_id)  # a key does the same here
    cause = view.end_message.removesuffix(command).strip() or OUTCOMES[view.end_reason].sentence
    if view.end_reason is EndReason.DIVERGED:
        return _divergence(view, cause)
    if view.status is Status.FINISHED:
        return Situation(view.status, cause, _what_is_left(view), (_REPLAY, _LOG, _NEW, _ALL))
    if view.status is Status.FAILED and output_cause and output_cause not in cause:
        cause = f"{cause} Its output says: {output_cause}"
    return Situation(view.status, cause, _what_is_left(view), (_RESUME, _REPLAY, _LOG, _REPORT, _NEW, _ALL))


def _divergence(view: RunView, cause: str) -> Situation:
    """The same engine would diverge again, so that what helps is not to resume but to change something."""
    cause = cause.removesuffix(OUTCOMES[EndReason.DIVERGED].sentence).strip() or cause
    if not view.checkpoints:
        words = f"No checkpoint was saved. A lower learning rate often helps, such as {_gentler_rate(view)}."
        return Situation(Status.FAILED, cause, words, (_NEW, _LOG, _ALL))
    words = "A fork from the last checkpoint with a lower learning rate often helps:"
    return Situation(Status.FAILED, cause, words, (_COPY, _RESUME, _LOG, _ALL), gentler_fork(view))


def _alarm(view: RunView) -> Situation:
    """An engine that lives does not go on, or cannot be seen; a key does what the sentence has a command for."""
    sentences = [each for each in view.alarm.split(". ") if "`" not in each]
    cause = f"{'. '.join(sentences).removesuffix('.')}."
    times = [point.time for point in view.series[SPEED][-NUM_PACES:]] if SPEED in view.series else []
    paces = [later - earlier for earlier, later in pairwise(times)]
    words = f"Before, there was news every {median(paces):.1f} s. " if paces else ""
    left = f"the checkpoint at {count(view.checkpoints[-1].step)}" if view.checkpoints else "the beginning"
    return Situation(Status.PAUSED, cause, f"{words}A killed run can go on from {left}.", (_LOG, _KILL))


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
    return f"rlrobo fork {view.run_id} --set algorithm.learning_rate={_gentler_rate(view)}"


def _gentler_rate(view: RunView) -> str:
    rate = view.latest("train/learning_rate")
    return f"{rate / 3 if rate else 1e-4:.1g}"
