"""One attempt from the first step of its engine to the last upload: what ends it, and what is written down then."""

from __future__ import annotations

import os
import threading
import time
import traceback

import msgspec

from cloud.attempts import change_attempt, read_attempts
from cloud.budget import Limits, limits
from cloud.checkpoints import read_head
from cloud.emergency import plan
from cloud.errors import FencedError
from cloud.layout import RunKeys
from cloud.machine import Machine, log
from cloud.mirror import Mirror
from cloud.notices import NoticeWatch
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, End, Phase, encode
from cloud.relay import CommandRelay
from cloud.restoring import Beginning
from cloud.store import ObjectStore
from cloud.trainer import Ending, Trainer
from engine.protocol.crash_points import reach
from engine.protocol.errors import RlroboError

BOOTED_AT = "RLROBO_BOOTED_AT"
"""Variable with the moment at which the user data began, in seconds since 1970."""
BOOT_S = 60.0
"""chosen: an instance is paid for about this long before its user data begins."""
OVER = (Cause.FINISHED, Cause.STOPPED, Cause.FAILED, Cause.BUDGET, Cause.DEADLINE)
"""After these nothing is left to do for the run."""


class Attempting:
    """An attempt that holds the lease and has restored the run."""

    def __init__(
        self, machine: Machine, spec: CloudSpec, *, mirror: Mirror, trainer: Trainer, beginning: Beginning
    ) -> None:
        self._machine, self._store, self._spec = machine, mirror.store, spec
        self._mirror, self._trainer, self._beginning = mirror, trainer, beginning
        self._keys, self._number = mirror.lease.keys, mirror.lease.epoch
        self._limits = self._limits_of([])
        machine.set_end(self._limits.end + machine.timing.ending_s)
        self._relay = CommandRelay(self._store, self._keys, mirror.run)
        self._notices = NoticeWatch(machine.imds, machine.timing)
        self._is_ended = threading.Event()
        self._must_kill = False
        self._done_by: float | None = None
        """When all uploads must have ended because the instance goes; None: only the deadline presses."""

    def carry_out(self) -> Cause:
        """Train to whatever end; return why. Raises FencedError, CloudError, StorageError."""
        change_attempt(self._store, self._keys, self._number, self._as_running)
        reach("cloud-attempt-running")
        self._trainer.hold()
        self._mirror.start()
        self._notices.start()
        threading.Thread(target=self._watch_s3, name="orders", daemon=True).start()
        ending = self._train()
        self._is_ended.set()
        self._notices.end()
        if self._mirror.fenced.is_set():
            self._trainer.kill()
        else:
            log(f"{ending.cause.value or 'ending'}: {ending.message}")
            self._end(ending)
        if self._mirror.fenced.is_set():
            raise FencedError("A later attempt holds the run now; this one wrote no more and ends.")
        return ending.cause

    def _train(self) -> Ending:
        """Let the engine train until it ends or has to; it has ended then, unless we are fenced."""
        while not self._mirror.fenced.is_set():
            self._machine.show_alive()
            ending = self._look()
            if ending is not None:
                return ending
            self._mirror.fenced.wait(self._machine.timing.tick_s)
        return Ending(cause=Cause.FENCED, step=0, message="A later attempt holds the run.")

    def _watch_s3(self) -> None:
        """Bring commands and limits: in a thread, for S3 may be slow when AWS takes the instance back."""
        timing = self._machine.timing
        next_limits_s = 0.0
        while not self._is_ended.is_set():
            try:
                self._must_kill |= self._relay.bring()
                if time.monotonic() >= next_limits_s:
                    next_limits_s = time.monotonic() + timing.lease_poll_s
                    self._limits = self._limits_of(read_attempts(self._store, self._keys))
                    self._machine.set_end(self._limits.end + timing.ending_s)
            except RlroboError as err:
                log(f"commands and limits: {err}")
            except Exception:  # noqa: BLE001 - the boundary of a thread that must not end
                log(traceback.format_exc())
            self._is_ended.wait(timing.command_poll_s)

    def _look(self) -> Ending | None:
        """Return how training ended, by itself or by us; None: it goes on."""
        if not self._trainer.is_at_work:
            return self._start_or_end()
        if self._must_kill:
            self._trainer.kill()
            return self._ended(Cause.STOPPED, "Killed on request; what came after the last checkpoint is lost.")
        at = self._gone_at()
        if at is not None:
            return self._be_interrupted(at)
        now = self._machine.now()
        cause = self._limits.reached(now)
        if cause is not Cause.NONE:
            return self._stop_for(cause, now)
        if self._notices.takes_recommendation():
            log("AWS recommends to leave this instance; a checkpoint is saved and training goes on")
            self._trainer.save()
        return None

    def _start_or_end(self) -> Ending | None:
        """Start an engine where there is none yet, or one died without a word; else return how it ended."""
        ending = self._trainer.ending()
        if ending.cause is not Cause.LOST:
            return ending
        self._trainer.start()
        return None

    def _gone_at(self) -> float | None:
        """Return when this instance will be gone, as AWS or whoever shuts it down says; None: nobody does."""
        if self._notices.interruption_at is None and self._machine.goes_down.is_set():
            timing = self._machine.timing
            return self._machine.now() + timing.emergency_stop_s + timing.margin_s
        return self._notices.interruption_at

    def _stop_for(self, cause: Cause, now: float) -> Ending:
        message = f"{self._spec.max_hours:g} hours (--max-hours) are over."
        if cause is Cause.BUDGET:
            message = f"The ${self._spec.max_price_total_usd or 0.0:.2f} of --max-price-total are spent."
        self._mirror.tell(Phase.SAVING, message)
        self._trainer.stop(kill_at=now + self._machine.timing.stop_s, clock=self._machine.now)
        return self._ended(cause, message)

    def _be_interrupted(self, at: float) -> Ending:
        """Save what can be saved before the instance is gone `at`, and train as long as there is time for it."""
        machine, outbox = self._machine, self._mirror.outbox
        times = plan(at, new_bytes=outbox.typical_bytes, bytes_per_s=outbox.bytes_per_s, timing=machine.timing)
        self._done_by = times.done_by
        left_s = at - machine.now()
        message = f"AWS took the Spot instance back, with a notice of {left_s:.0f} s."
        if machine.goes_down.is_set():
            message = "The machine was shut down."
        log(f"{left_s:.0f} s are left on this instance")
        self._mirror.tell(Phase.NOTICED, f"{left_s:.0f} s were left", interruption_at=at)
        while machine.now() < times.stop_at and self._trainer.is_at_work and not self._mirror.fenced.is_set():
            machine.show_alive()
            self._mirror.fenced.wait(min(machine.timing.tick_s, max(0.0, times.stop_at - machine.now())))
        self._mirror.tell(Phase.SAVING, interruption_at=at)
        self._trainer.stop(kill_at=times.kill_at, clock=machine.now)
        ending = self._trainer.ending()
        if ending.cause in (Cause.FINISHED, Cause.STOPPED):
            return ending
        return msgspec.structs.replace(ending, cause=Cause.INTERRUPTED, message=message)

    def _ended(self, cause: Cause, message: str) -> Ending:
        """Return the ending that we brought about, unless the engine had finished meanwhile."""
        ending = self._trainer.ending()
        if ending.cause is Cause.FINISHED:
            return ending
        return msgspec.structs.replace(ending, cause=cause, message=message)

    def _end(self, ending: Ending) -> None:
        """Upload what is left, and write down how it ended."""
        is_over = ending.cause in OVER
        if self._done_by is None:
            self._mirror.tell(Phase.ENDING, ending.message)
        left_out = self._mirror.end(until=self._last_moment(), is_over=is_over)
        if self._mirror.fenced.is_set():
            return
        reach("cloud-mirrored")
        message = f"{ending.message} {left_out}".strip()
        if is_over:
            end = End(
                epoch=self._number, cause=ending.cause, step=ending.step, time=self._machine.now(), message=message
            )
            self._store.create(self._keys.end, encode(end))
            reach("cloud-end-written")
        if is_over or not self._machine.goes_down.is_set():  # EC2 knows who shut it down
            told = msgspec.structs.replace(ending, message=message)
            close_attempt(self._store, self._keys, self._number, told, is_exact=self._spec.is_exact)

    def _last_moment(self) -> float:
        """Return until when uploads may take, by `time.monotonic`."""
        now, timing = self._machine.now(), self._machine.timing
        done_by = self._done_by
        if done_by is None:
            done_by = min(now + timing.last_mirror_s, max(now, self._limits.end) + timing.ending_s)
        return time.monotonic() + max(0.0, done_by - now)

    def _limits_of(self, attempts: list[Attempt]) -> Limits:
        began_at = float(os.environ.get(BOOTED_AT) or self._mirror.lease.lease.taken_at) - BOOT_S
        return limits(self._spec, attempts, self._number, began_at=began_at, ending_s=self._machine.timing.ending_s)

    def _as_running(self, attempt: Attempt) -> Attempt:
        return msgspec.structs.replace(
            attempt,
            state=AttemptState.RUNNING,
            instance_id=self._mirror.identity.instance_id,
            first_step=self._beginning.step,
        )


def close_attempt(store: ObjectStore, keys: RunKeys, number: int, ending: Ending, *, is_exact: bool = True) -> None:
    """Write down how an attempt ended. What stands there already stays. Raises CloudError.

    `is_exact`: the next attempt goes on from the newest barrier, not from the newest checkpoint.
    """
    head = read_head(store, keys)
    saved_step, next_step = 0, 0
    if head is not None:
        saved_step, next_step = head.step, max(0, head.barrier_step if is_exact else head.step)

    def closed(attempt: Attempt) -> Attempt:
        if attempt.state is AttemptState.ENDED:
            return attempt
        has_cause = attempt.cause is not Cause.NONE
        return msgspec.structs.replace(
            attempt,
            state=AttemptState.ENDED,
            cause=attempt.cause if has_cause else ending.cause,
            detail=attempt.detail if has_cause else ending.message,
            ended_at=time.time(),
            last_step=ending.step,
            saved_step=saved_step,
            lost_steps=0 if ending.cause in OVER else max(0, ending.step - next_step),
        )

    change_attempt(store, keys, number, closed)
