"""What deserves a banner or a notification on the page of a run in the cloud. Pure."""

from __future__ import annotations

import time

from cloud.link_report import LinkState
from cloud.records import Cause
from engine.protocol.status import Status
from rlrobo_tui.cloud_runs import CloudRun
from rlrobo_tui.notices import Severity
from rlrobo_tui.quantities import clock, count, count_of, dollars, dollars_an_hour, duration
from rlrobo_tui.situations import Offer, Situation

_FOLLOW: Offer = ("live.attach", "follow again")
_STOP: Offer = ("live.stop", "stop")
_CLOUD: Offer = ("app.go_cloud", "attempts and costs")
_GO_ON: Offer = ("live.go_on", "go on here")
_LOG: Offer = ("live.log", "log")
_ALL: Offer = ("live.back", "all runs")
_STARTING = (LinkState.RECOVERING, LinkState.LAUNCHING, LinkState.BOOTING)
NEARLY = 0.8
"""Part of the money after which a user hears of it."""
SOON_S = 1800.0
"""Time before the deadline in which a user hears of it."""


def cloud_situation(found: CloudRun, now: float, *, is_over: bool) -> Situation | None:
    """Return what to say of a run in the cloud; None while all is well there, or where the engine said it itself.

    `is_over`: whether the run is; after the cloud an engine of this machine may have gone on with it.
    """
    if not found.is_active:
        return _end(found) if is_over else None
    return _course(found, now) if found.is_followed else _alone(found, now)


def cloud_notices(before: CloudRun, after: CloudRun) -> list[tuple[str, Severity]]:
    """Return the sentences for what happened between two looks."""
    found: list[tuple[str, Severity]] = []
    if after.interruptions > before.interruptions:
        lost = after.lost_steps - before.lost_steps
        again = f" {count(lost)} timesteps are trained again." if lost > 0 else ""
        found.append((f"AWS took the instance back.{again}", "warning"))
    is_back = before.report.state in _STARTING and after.report.state is LinkState.TRAINING
    if is_back and after.report.attempt > 1:
        found.append((f"Attempt {after.report.attempt} trains, in {after.pool}.", "information"))
    cap = after.spec.max_price_total_usd
    if cap is not None and before.spent_usd < NEARLY * cap <= after.spent_usd:
        found.append((f"{NEARLY:.0%} of the money is spent: {dollars(after.spent_usd)} of {dollars(cap)}.", "warning"))
    if before.is_followed and after.is_active and not after.is_followed:
        found.append(("Nothing here follows the run any more; it goes on.", "warning"))
    return found


def _course(found: CloudRun, now: float) -> Situation | None:
    """Say what happens there, as the process that follows the run tells."""
    state, sentence = found.report.state, found.report.sentence
    if state is LinkState.AWAY:
        rest = f"Training goes on there{_price(found)}; it is asked again all the time. {_as_of(found)}"
        return Situation(Status.PAUSED, f"AWS cannot be asked. {sentence}", rest, (_CLOUD, _ALL))
    if state is LinkState.RECOVERING:
        return _recovery(found)
    if state in (LinkState.LAUNCHING, LinkState.BOOTING):
        rest = "A machine takes some minutes to start; it is paid from its launch on."
        return Situation(Status.STARTING, sentence, rest, (_STOP, _CLOUD))
    if state is LinkState.SAVING:
        return Situation(Status.STOPPING, sentence, "What is saved in S3 stays.", (_CLOUD, _LOG))
    return _limits(found, now)


def _end(found: CloudRun) -> Situation | None:
    """The engine itself tells of all other ends."""
    if found.cause not in (
        Cause.BUDGET, Cause.DEADLINE, Cause.REFUSED, Cause.NO_CAPACITY, Cause.BOOT_FAILED, Cause.LOST,
        Cause.TERMINATED, Cause.INTERRUPTED,
    ):  # fmt: skip
        return None
    saved = max((each.saved_step for each in found.attempts), default=0)
    words = "No checkpoint was saved."
    if saved:
        words = f"The checkpoint at {count(saved)} is here; this machine can go on from it, at no price."
    status = Status.STOPPED if found.cause in (Cause.BUDGET, Cause.DEADLINE) else Status.FAILED
    return Situation(status, found.report.sentence, words, (_GO_ON, _CLOUD, _LOG, _ALL))


def _alone(found: CloudRun, now: float) -> Situation:
    left = duration(found.spec.deadline() - now)
    rest = (
        f"It goes on there{_price(found)}, and ends itself in {left} at the latest; after an interruption it waits. "
        f"{_as_of(found)}"
    )
    return Situation(Status.PAUSED, "Nothing here follows this run.", rest, (_FOLLOW, _CLOUD, _ALL))


def _recovery(found: CloudRun) -> Situation:
    last = found.attempts[-1] if found.attempts else None
    lost = last.lost_steps if last is not None else 0
    again = f" {count(lost)} timesteps are trained again." if lost else " No timestep is lost."
    cause = f"AWS took the instance back ({count_of(found.interruptions, 'interruption')})."
    if last is not None and last.cause is not Cause.INTERRUPTED:
        cause = last.detail or "The machine is gone."
    return Situation(Status.STARTING, cause, f"{found.report.sentence}{again}", (_STOP, _CLOUD, _LOG))


def _limits(found: CloudRun, now: float) -> Situation | None:
    """Say what is about to end the run."""
    left_s, cap = found.spec.deadline() - now, found.spec.max_price_total_usd
    if left_s < SOON_S:
        cause = f"The time for this run is over in {duration(left_s)} (--max-hours)."
        return Situation(Status.PAUSED, cause, "It saves a checkpoint then, and ends.", (_CLOUD,))
    if cap is None or found.spent_usd < NEARLY * cap:
        return None
    when = f", in about {duration((cap - found.spent_usd) / found.rate * 3600)}" if found.rate else ""
    cause = f"{dollars(found.spent_usd)} of {dollars(cap)} are spent (--max-price-total)."
    return Situation(Status.PAUSED, cause, f"At the limit{when}, it saves a checkpoint and ends.", (_CLOUD,))


def _price(found: CloudRun) -> str:
    return f", for {dollars_an_hour(found.rate)}" if found.rate is not None else ""


def _as_of(found: CloudRun) -> str:
    contact = found.report.contact_at
    if contact is None:
        return ""
    day = "" if time.time() - contact < 43_200 else time.strftime("%d %b ", time.localtime(contact))
    return f"What you see is as of {day}{clock(contact)}."
