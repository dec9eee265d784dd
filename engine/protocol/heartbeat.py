"""The engine's sign of life: heartbeat.json, rewritten every two seconds by a thread of its own.

The thread beats also during long updates, pauses and evaluations, so a viewer can tell an engine that is busy from one
that is gone, and by the step in it one that works from one that hangs. engine.protocol.liveness concludes that.
"""

import contextlib
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import msgspec
from msgspec import Struct

INTERVAL_S = 2.0
"""Between two beats."""
LOST_AFTER_S = 6.0
"""After this long without a beat there is no contact; chosen: three beats, one may be late and one lost."""
MIN_PATIENCE_S = 60.0
"""Nobody worries about a shorter time without a step; chosen: longer than the usual update and evaluation."""
_NUM_INTERVALS = 200


class Heartbeat(Struct, frozen=True, kw_only=True):
    """Content of heartbeat.json."""

    time: float
    """Seconds since 1970 (UTC) of this beat."""
    step: int
    """Timesteps trained."""
    pid: int
    """Process id of the engine."""
    stepped_at: float
    """Seconds since 1970 (UTC) when the step last changed."""
    patience_s: float = MIN_PATIENCE_S
    """Seconds without a step that are unusual for this run."""


class Heart:
    """Writes an engine's heartbeat while the block lasts."""

    def __init__(
        self, path: Path, *, pid: int, read_step: Callable[[], int], clock: Callable[[], float] = time.time
    ) -> None:
        self._path = path
        self._pid = pid
        self._read_step = read_step
        self._clock = clock
        self._step = read_step()
        self._stepped_at = clock()
        self._intervals: deque[float] = deque(maxlen=_NUM_INTERVALS)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heart":
        self.beat()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join(INTERVAL_S)  # not for ever: a beat may hang in a network file system

    def beat(self) -> None:
        """Write one beat. A disk that refuses it costs the beat and nothing else."""
        now, step = self._clock(), self._read_step()
        if step != self._step:
            self._intervals.append(now - self._stepped_at)
            self._step, self._stepped_at = step, now
        beat = Heartbeat(time=now, step=step, pid=self._pid, stepped_at=self._stepped_at, patience_s=self._patience_s())
        temporary = self._path.with_name(f".{self._path.name}.{self._pid}.tmp")
        with contextlib.suppress(OSError):
            temporary.write_bytes(msgspec.json.encode(beat))
            temporary.replace(self._path)  # whole, but not forced onto the disk: an old beat is worth nothing

    def _beat_on(self) -> None:
        while not self._is_over.wait(INTERVAL_S):
            self.beat()

    def _patience_s(self) -> float:
        """Five usual intervals, or twice the longest: an update that took long once may take long again."""
        if not self._intervals:
            return MIN_PATIENCE_S
        return max(MIN_PATIENCE_S, 5 * statistics.median(self._intervals), 2 * max(self._intervals))


def read_heartbeat(path: Path) -> Heartbeat | None:
    """Return the latest beat, or None where there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Heartbeat)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
