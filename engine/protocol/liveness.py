"""Whether a run's engine lives, as far as its files and this machine's processes tell. Pure reading; viewers call it.

On this machine the process itself is looked at, so a death is seen at once. An engine on another machine is known by
its heartbeat alone: one that fell silent may be dead or only out of reach, so it is never concluded to be dead.
"""

from msgspec import Struct

from engine.protocol.heartbeat import LOST_AFTER_S, Heartbeat, read_heartbeat
from engine.protocol.lock import Holder, read_holder
from engine.protocol.run_dir import RunDir
from engine.protocol.status import Status


class Liveness(Struct, frozen=True, kw_only=True):
    """What can be told of an engine from outside."""

    is_alive: bool
    """Whether it works on the run, or its supervisor is about to tell how it ended or to start it again."""
    alarm: str = ""
    """What is wrong although it is alive, as a sentence; empty when nothing is."""


def look(run: RunDir, *, status: Status, quiet_since: float, now: float) -> Liveness:
    """Look at the engine of `run`, whose last event came at `quiet_since` and left it in `status`."""
    holder, beat = read_holder(run.lock_file), read_heartbeat(run.heartbeat)
    if holder is None or (holder.is_here and not holder.is_alive):
        return Liveness(is_alive=_is_supervisor_about_to_tell(run, beat, now))
    if beat is None or beat.pid != holder.pid:  # it started this moment
        return Liveness(is_alive=True)
    if not holder.is_here:
        return Liveness(is_alive=True, alarm=_lost_contact(holder, beat, now))
    # An event is progress like a step: a run that goes on after a long pause has not hung meanwhile.
    still_s = now - max(beat.stepped_at, quiet_since)
    return Liveness(is_alive=True, alarm=_hang(holder, beat, still_s) if status is Status.RUNNING else "")


def _is_supervisor_about_to_tell(run: RunDir, beat: Heartbeat | None, now: float) -> bool:
    """A supervisor needs a moment to write down a death; one that takes longer is not waited for."""
    supervisor = read_holder(run.supervisor_lock)
    return supervisor is not None and supervisor.is_alive and beat is not None and now - beat.time <= LOST_AFTER_S


def _lost_contact(holder: Holder, beat: Heartbeat, now: float) -> str:
    if now - beat.time <= LOST_AFTER_S:
        return ""
    return (
        f"No sign of life from the engine on {holder.hostname} for more than {LOST_AFTER_S:.0f} s: "
        "it died there, or its files do not arrive here."
    )


def _hang(holder: Holder, beat: Heartbeat, still_s: float) -> str:
    if still_s <= beat.patience_s:
        return ""
    return (
        f"No step for more than {beat.patience_s:.0f} s: process {holder.pid} is in a long update or evaluation, "
        "or it hangs; engine.log may tell. `rlrobo stop --kill` ends it, its last checkpoint stays."
    )
