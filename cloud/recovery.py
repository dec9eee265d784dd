"""What to do next with a run in the cloud, from what is known of it. Pure: it asks nobody and changes nothing.

The instance ends itself when the run is over, its money is spent or its time is up. What stands here is for the user's
machine: the next attempt, and the same limits once more for an instance that cannot hold them any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cloud.link_report import LinkState
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, End, Phase, Sign

FIRST_SIGN_S = 900.0
"""An instance boots and installs within this time, or it never will; chosen: three times a slow installation."""
SILENCE_S = 300.0
"""After this long without a sign the instance is lost. A notice, a full disk and a slow upload are all shorter."""
FIRST_WAIT_S, LONGEST_WAIT_S = 30.0, 600.0
"""Between two launches that found no capacity; doubled each time."""
FINAL = {Cause.FINISHED, Cause.STOPPED, Cause.FAILED, Cause.REFUSED, Cause.BUDGET, Cause.DEADLINE, Cause.TERMINATED}
"""After these no attempt follows."""


@dataclass(frozen=True)
class InstanceView:
    """What EC2 says of the instance of the last attempt."""

    is_there: bool
    """Whether it runs or starts; else it ends or is gone."""
    cause: Cause = Cause.NONE
    """Why it ended, as EC2 sees it. An instance that shut itself down tells more in its attempt's record."""
    detail: str = ""


@dataclass(frozen=True)
class Situation:
    """All that is known of a run at one moment."""

    spec: CloudSpec
    attempts: Sequence[Attempt]
    now: float
    instance: InstanceView | None = None
    """None: EC2 has not told, or never knew one."""
    sign: Sign | None = None
    end: End | None = None
    spent_usd: float = 0.0
    is_stop_asked: bool = False
    """Whether the user asked for a stop that no engine has taken."""

    @property
    def last(self) -> Attempt | None:
        """The attempt that counts."""
        return self.attempts[-1] if self.attempts else None


@dataclass(frozen=True)
class Follow:
    """Nothing to do but to bring what the instance writes."""

    state: LinkState
    sentence: str


@dataclass(frozen=True)
class Launch:
    """Launch an attempt, or make sure that the launch that was written down was sent."""

    number: int
    sentence: str


@dataclass(frozen=True)
class Close:
    """Write down that the attempt has ended; its instance is gone."""

    cause: Cause
    detail: str


@dataclass(frozen=True)
class Terminate:
    """End the instance, which does not end itself."""

    cause: Cause
    detail: str


@dataclass(frozen=True)
class Conclude:
    """Write down that the run is over."""

    cause: Cause
    message: str


@dataclass(frozen=True)
class Done:
    """The run is over; make sure that nothing of it is left."""

    end: End


Step = Follow | Launch | Close | Terminate | Conclude | Done


def next_step(now: Situation) -> Step:
    """Return what to do next."""
    if now.end is not None:
        return Done(now.end)
    last = now.last
    if last is None:
        return Launch(1, "The first instance is being launched.")
    if last.state is AttemptState.ENDED:
        return _after(last, now)
    if last.state is AttemptState.INTENDED:
        return Launch(last.number, f"Attempt {last.number} is being launched.")
    return _during(last, now)


def wait_s(attempts: Sequence[Attempt]) -> float:
    """Return how long to wait after the last attempt when it found no capacity, in seconds."""
    failures = 0
    for attempt in reversed(attempts):
        if attempt.cause is not Cause.NO_CAPACITY:
            break
        failures += 1
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (failures - 1)) if failures else 0.0


def attempts_without_progress(attempts: Sequence[Attempt]) -> int:
    """Return how many attempts in a row left no new checkpoint; those that found no capacity do not count."""
    tried = [attempt for attempt in attempts if attempt.cause is not Cause.NO_CAPACITY]
    saved = [attempt.saved_step for attempt in tried]
    best = max(saved, default=0)
    if best == 0:
        return len(tried)
    return len(tried) - 1 - saved.index(best)


def _during(last: Attempt, now: Situation) -> Step:
    instance = now.instance
    if instance is not None and not instance.is_there:
        return Close(instance.cause, instance.detail)
    if limit := _limit(now):
        return Terminate(*limit)
    sign = now.sign if now.sign is not None and now.sign.epoch == last.number else None
    if sign is None:
        return _before_first_sign(last, now)
    silent_s = now.now - sign.time
    if silent_s > SILENCE_S:
        return Terminate(Cause.LOST, f"{last.instance_id} gave no sign of life for {silent_s / 60:.0f} minutes.")
    return Follow(_state_of(sign.phase), _sentence_of(last, sign))


def _before_first_sign(last: Attempt, now: Situation) -> Step:
    waited_s = now.now - (last.launched_at or last.intended_at)
    if waited_s > FIRST_SIGN_S:
        detail = f"{last.instance_id} did not come up within {FIRST_SIGN_S / 60:.0f} minutes; its log may tell."
        return Terminate(Cause.BOOT_FAILED, detail)
    return Follow(LinkState.BOOTING, f"{last.instance_id} ({last.pool}) starts.")


def _after(last: Attempt, now: Situation) -> Step:
    if last.cause in FINAL:
        return Conclude(last.cause, last.detail)
    if now.is_stop_asked:
        return Conclude(Cause.STOPPED, "Stopped on request, between two instances.")
    if limit := _limit(now):
        return Conclude(*limit)
    num_vain = now.spec.max_attempts_without_progress
    if attempts_without_progress(now.attempts) >= num_vain:
        message = f"{num_vain} attempts in a row saved nothing new, so none follows. The last one: {last.detail}"
        return Conclude(Cause.FAILED, message)
    left_s = 0.0 if last.ended_at is None else last.ended_at + wait_s(now.attempts) - now.now
    if left_s > 0:
        return Follow(LinkState.RECOVERING, f"{last.detail} The next try is in {left_s:.0f} s.".strip())
    return Launch(last.number + 1, f"{last.detail} Attempt {last.number + 1} follows.".strip())


def _limit(now: Situation) -> tuple[Cause, str] | None:
    """Return which of the user's limits is reached."""
    if now.now > now.spec.deadline():
        return Cause.DEADLINE, f"{now.spec.max_hours:g} hours (--max-hours) are over."
    cap = now.spec.max_price_total_usd
    if cap is not None and now.spent_usd >= cap:
        return Cause.BUDGET, f"${now.spent_usd:.2f} are spent; --max-price-total is ${cap:.2f}."
    return None


def _state_of(phase: Phase) -> LinkState:
    if phase is Phase.TRAINING:
        return LinkState.TRAINING
    if phase in (Phase.NOTICED, Phase.SAVING, Phase.ENDING):
        return LinkState.SAVING
    return LinkState.BOOTING


def _sentence_of(attempt: Attempt, sign: Sign) -> str:
    where = f"{attempt.instance_id} ({attempt.pool})"
    doing = {
        Phase.BOOTING: "starts",
        Phase.INSTALLING: "installs rlrobo",
        Phase.RESTORING: "fetches the run",
        Phase.TRAINING: "trains",
        Phase.NOTICED: "is being taken back by AWS and saves",
        Phase.SAVING: "saves",
        Phase.ENDING: "ends",
    }[sign.phase]
    return f"{where} {doing}{f': {sign.detail}' if sign.detail else ''}."
