"""Carry out what recovery.py decided. What is to happen is written down before it happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from cloud.attempting import close_attempt
from cloud.attempts import change_attempt, read_attempt
from cloud.bootstrap import user_data
from cloud.checkpoints import read_head
from cloud.door import Door
from cloud.instances import end_run, terminate
from cloud.launcher import launch, token_for
from cloud.layout import RunKeys
from cloud.local import CloudFiles
from cloud.outputs import StackOutputs
from cloud.pools import choose_pools
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, encode
from cloud.recovery import Close, Launch, Terminate
from cloud.store import ObjectStore
from cloud.trainer import Ending
from cloud.watching import Seen
from engine.protocol.crash_points import reach
from engine.protocol.run_dir import RunDir


class Steps:
    """Launches, closes and ends the attempts of one run."""

    def __init__(self, run: RunDir, spec: CloudSpec, door: Door, outputs: StackOutputs, *, store: ObjectStore) -> None:
        self._run, self._spec, self._door, self._outputs, self._store = run, spec, door, outputs, store
        self._files, self._keys = CloudFiles(run), RunKeys(spec.run_id)

    def take(self, step: Launch | Close | Terminate, seen: Seen) -> None:
        """Take a step. Raises CloudError and StorageError; taken again, it does what is left of it."""
        if isinstance(step, Launch):
            self._launch(step, seen)
            return
        last = seen.situation.last
        assert last is not None
        if isinstance(step, Close):
            self._close(last, step, seen)
            return
        # Its cause is kept with it: EC2 will only say that somebody ended it.
        self._change(last, lambda attempt: _with_cause(attempt, step.cause, step.detail))
        terminate(self._door, [last.instance_id], fleet_ids=[last.fleet_id] if last.fleet_id else [])

    def end_all(self) -> None:
        """See that nothing of the run is left that costs money. Raises CloudError."""
        end_run(self._door, self._spec.run_id)

    def _launch(self, step: Launch, seen: Seen) -> None:
        attempt = read_attempt(self._store, self._keys, step.number)
        if attempt is None:
            attempt = self._intend(step.number, seen)
        if attempt.state is not AttemptState.INTENDED:
            return  # the stack's function was quicker
        reach("cloud-intended")
        script = user_data(self._spec, attempt)
        launched = launch(self._door, self._spec, attempt, stack=self._outputs, user_data=script)
        reach("cloud-launched")
        self._change(attempt, lambda now: _launched(now, launched))

    def _intend(self, number: int, seen: Seen) -> Attempt:
        """Write down that an attempt is going to be launched; return what stands there then."""
        now = time.time()
        attempt = Attempt(
            number=number,
            token=token_for(self._spec, number),
            pools=tuple(choose_pools(self._spec, self._outputs.subnets, seen.situation.attempts, now=now)),
            intended_at=now,
            first_step=self._resume_step(),
            image_id=_image_of(seen.situation.attempts),
        )
        self._store.create(self._keys.attempt(number), encode(attempt))
        there = read_attempt(self._store, self._keys, number)
        return there or attempt

    def _close(self, last: Attempt, step: Close, seen: Seen) -> None:
        """Write down that an attempt has ended. What its own agent wrote about it stands."""
        ending = Ending(cause=step.cause, step=seen.reached_step, message=step.detail)
        close_attempt(self._store, self._keys, last.number, ending, is_exact=self._spec.is_exact)

    def _resume_step(self) -> int:
        """Return the timestep from which the next attempt goes on."""
        head = read_head(self._store, self._keys)
        if head is None:
            return 0
        return max(0, head.barrier_step if self._spec.is_exact else head.step)

    def _change(self, attempt: Attempt, change: Callable[[Attempt], Attempt]) -> None:
        changed = change_attempt(self._store, self._keys, attempt.number, change)
        if changed is not None:
            self._files.write_attempt(changed)


def _image_of(attempts: Sequence[Attempt]) -> str:
    """Return the machine image that the run is trained on; empty before the first launch."""
    return next((attempt.image_id for attempt in attempts if attempt.image_id), "")


def _with_cause(attempt: Attempt, cause: Cause, detail: str) -> Attempt:
    if attempt.cause is not Cause.NONE:
        return attempt
    return msgspec.structs.replace(attempt, cause=cause, detail=detail)


def _launched(now: Attempt, launched: Attempt) -> Attempt:
    """Return an attempt as it stands in S3 now with what its launch gave; its agent may have begun meanwhile."""
    if now.state is AttemptState.INTENDED:
        return launched
    names = ("pool", "instance_id", "fleet_id", "image_id", "launched_at", "price_per_hour_usd")
    known = {name: getattr(launched, name) for name in (*names, "on_demand_price_per_hour_usd")}
    return msgspec.structs.replace(now, **known)
