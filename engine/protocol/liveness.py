"""Whether a run's engine lives, as far as its files and this machine's processes tell. Pure reading; viewers call it.

On this machine the process itself is looked at, so a death is seen at once. An engine on another machine is known by
its heartbeat alone: one that fell silent may be dead or only out of reach, so it is never concluded to be dead. A run
that was sent to another machine is what the process that follows it says, in remote.json.
"""

from msgspec import Struct

from engine.protocol.heartbeat import LOST_AFTER_S, Heartbeat, read_heartbeat
from engine.protocol.lock import Holder, read_holder
from engine.protocol.remote import Remote, read_remote
from engine.protocol.run_dir import RunDir
from engine.protocol.status import Status

NOT_FOLLOWED = "The run goes on in the cloud, but nothing here follows it; `rlrobo watch` does."

FOLLOWS_WITHIN_S = 10.0
"""A process that was just started to follow a run needs a moment before it holds the run's lock."""


class Liveness(Struct, frozen=True, kw_only=True):
    """What could be told of an engine from outside at one moment."""

    is_alive: bool
    """Whether it works on the run, or its supervisor is about to tell how it ended or to start it again."""
    now: float = 0.0
    """Seconds since 1970 (UTC) of that moment."""
    holder: Holder | None = None
    """The living engine."""
    beat: Heartbeat | None = None
    """Its own last beat."""
    remote: Remote | None = None
    """What is known of the machine that trains the run, where that is another one."""
    is_followed: bool = True
    """Whether a process here brings what that machine writes."""

    def alarm(self, status: Status, *, quiet_since: float) -> str:
        """Return what is wrong with a living engine, whose last event came at `quiet_since` and left it in `status`.

        Empty when nothing is. The sentence stays the same as long as it is true.
        """
        if self.remote is not None:
            return self.remote.alarm if self.is_followed else NOT_FOLLOWED
        if self.holder is None or self.beat is None:
            return ""
        if not self.holder.is_here:
            return _lost_contact(self.holder, self.now - self.beat.time)
        # An event is progress like a step: a run that goes on after a long pause has not hung meanwhile.
        still_s = self.now - max(self.beat.stepped_at, quiet_since)
        return _hang(self.holder, self.beat.patience_s, still_s) if status is Status.RUNNING else ""


def look(run: RunDir, *, now: float) -> Liveness:
    """Look at the engine of `run`."""
    remote = read_remote(run.remote)
    if remote is not None and remote.is_active:
        follower = read_holder(run.supervisor_lock)
        is_followed = now - remote.time < FOLLOWS_WITHIN_S or (follower is not None and follower.is_alive)
        return Liveness(is_alive=True, now=now, remote=remote, is_followed=is_followed)
    holder, beat = read_holder(run.lock_file), read_heartbeat(run.heartbeat)
    if holder is None or (holder.is_here and not holder.is_alive):
        return Liveness(is_alive=_is_supervisor_about_to_tell(run, beat, now))
    is_own = beat is not None and beat.pid == holder.pid
    return Liveness(is_alive=True, now=now, holder=holder, beat=beat if is_own else None)


def _is_supervisor_about_to_tell(run: RunDir, beat: Heartbeat | None, now: float) -> bool:
    """A supervisor needs a moment to write down a death; one that takes longer is not waited for."""
    supervisor = read_holder(run.supervisor_lock)
    return supervisor is not None and supervisor.is_alive and beat is not None and now - beat.time <= LOST_AFTER_S


def _lost_contact(holder: Holder, silent_s: float) -> str:
    if silent_s <= LOST_AFTER_S:
        return ""
    return (
        f"No sign of life from the engine on {holder.hostname} for more than {LOST_AFTER_S:.0f} s: "
        "it died there, or its files do not arrive here."
    )


def _hang(holder: Holder, patience_s: float, still_s: float) -> str:
    if still_s <= patience_s:
        return ""
    return (
        f"No step for more than {patience_s:.0f} s: process {holder.pid} is in a long update or evaluation, "
        "or it hangs; engine.log may tell. `rlrobo stop --kill` ends it; its last checkpoint stays."
    )
