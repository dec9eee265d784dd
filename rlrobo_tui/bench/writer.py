"""Stands for an engine as far as a viewer sees one: holds a run, beats, and writes events at a steady rate.

Usage: python -m rlrobo_tui.bench.writer RUN_DIRECTORY EVENTS_PER_SECOND
"""

import os
import sys
import time
from pathlib import Path

import msgspec

from engine.protocol.events import Event, encode_event
from engine.protocol.heartbeat import Heart
from engine.protocol.run_dir import RunDir
from rlrobo_tui.bench.runs import STEPS_PER_EVENT, episodes_of, metrics_of

LEAST_WAIT_S = 0.02
"""Events of a shorter time are written together, as a fast engine's are read together."""


def write_events(run: RunDir, *, rate: float) -> None:
    """Write `rate` events per second, metrics and episodes in turn, as long as whoever started this process lives."""
    num_written, began_at, parent = 0, time.monotonic(), os.getppid()
    heart = Heart(run.heartbeat, pid=os.getpid(), read_step=lambda: num_written * STEPS_PER_EVENT)
    with run.lock(), heart, run.events.open("ab", buffering=0) as file:
        while os.getppid() == parent:
            num_due = int((time.monotonic() - began_at) * rate)
            if num_due > num_written:
                file.write(b"".join(_line(index) for index in range(num_written, num_due)))
                num_written = num_due
            time.sleep(max(LEAST_WAIT_S, (num_written + 1) / rate - (time.monotonic() - began_at)))


def _line(index: int) -> bytes:
    event: Event = metrics_of(index // 2 + 1) if index % 2 else episodes_of(index // 2 + 1)
    return encode_event(msgspec.structs.replace(event, seq=index + 3, time=time.time()))


if __name__ == "__main__":
    write_events(RunDir(Path(sys.argv[1])), rate=float(sys.argv[2]))
