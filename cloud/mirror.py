"""Bring what an engine writes to S3 while it trains: two threads that read its files and never make it wait.

One uploads events, the sign of life and logs and looks at the lease; the other uploads checkpoints, which takes longer.
Both go on after failures, however many; only a later attempt's lease ends them, at once.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cloud.errors import FencedError
from cloud.imds import Identity
from cloud.lease import HeldLease
from cloud.outbox import Outbox
from cloud.patience import PatientStore
from cloud.records import Phase, Sign, encode
from cloud.segments import SegmentWriter
from cloud.timing import Timing
from engine.protocol.errors import RlroboError
from engine.protocol.heartbeat import read_heartbeat
from engine.protocol.run_dir import RunDir

LOG_BYTES = 1 << 20
"""Of a longer log, the end."""


@dataclass
class Mirror:
    """The threads of one attempt. `start`, then `tell` what happens, then one of the two ends."""

    run: RunDir
    lease: HeldLease
    store: PatientStore
    outbox: Outbox
    writer: SegmentWriter
    timing: Timing
    identity: Identity
    logs: dict[str, Path]
    """Files by their name in S3."""
    host_keys: str = ""
    """By which the user's machine knows this one; empty: it must not look at the run here."""
    clock: Callable[[], float] = time.time
    show_alive: Callable[[], None] = lambda: None
    """Called while the last uploads take their time."""
    fenced: threading.Event = field(default_factory=threading.Event)
    """Set: a later attempt holds the run; nothing is written any more."""

    def __post_init__(self) -> None:
        self._phase, self._detail = Phase.TRAINING, ""
        self._interruption_at: float | None = None
        self._ends = threading.Event()
        self._news_lock = threading.Lock()
        self._log_states: dict[str, tuple[int, int]] = {}
        self._next_log_s = self._next_lease_s = 0.0
        self._threads = [
            threading.Thread(target=self._loop, args=(step, interval_s), name=name, daemon=True)
            for name, step, interval_s in (
                ("news", self._bring_news, self.timing.mirror_s),
                ("checkpoints", self.outbox.publish_new, self.timing.checkpoint_poll_s),
            )
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def tell(self, phase: Phase, detail: str = "", *, interruption_at: float | None = None) -> None:
        """Say what the instance does; the next sign of life has it."""
        self._phase, self._detail = phase, detail
        self._interruption_at = interruption_at or self._interruption_at

    def end(self, *, until: float, is_over: bool) -> str:
        """Upload what is left, checkpoints included, until that moment by `time.monotonic`; engines have ended.

        Events come first: they are small. `is_over`: the last engine's last event is the run's. Returns what could not
        be uploaded, in a sentence. Raises nothing: what cannot be done in time is left.
        """
        self._ends.set()
        self.store.until = until
        left_out = self._timed(lambda: self._bring_news(is_last=True), until)
        for thread in [thread for thread in self._threads if thread.is_alive()]:
            self._join(thread, until)
        left_out += self._timed(lambda: self.outbox.publish_last(until=until), until)
        left_out += self._timed(lambda: self._bring_news(is_last=True, is_over=is_over), until)
        return left_out.strip()

    def drop(self) -> None:
        """Write nothing any more, at once."""
        self._ends.set()
        self.store.is_over.set()

    def _loop(self, step: Callable[[], None], interval_s: float) -> None:
        while not self._ends.is_set():
            self._guarded(step)
            self._ends.wait(interval_s)

    def _guarded(self, step: Callable[[], str | None]) -> str:
        """Take a step; return what went wrong, in a sentence."""
        try:
            return step() or ""
        except FencedError as err:
            _log(str(err))
            self.fenced.set()
            self.drop()
            return str(err)
        except RlroboError as err:
            _log(str(err))
            return str(err)
        except Exception as err:  # noqa: BLE001 - the boundary of a thread that must not end
            _log(traceback.format_exc())
            return f"{type(err).__name__}: {err}"

    def _timed(self, step: Callable[[], str | None], until: float) -> str:
        """Take a step in a thread that is left behind where it takes too long."""
        said: list[str] = []
        thread = threading.Thread(target=lambda: said.append(self._guarded(step)), daemon=True)
        thread.start()
        self._join(thread, until)
        return f"{said[0]} ".lstrip() if said else "The time was over before all was uploaded. "

    def _join(self, thread: threading.Thread, until: float) -> None:
        while thread.is_alive() and (left_s := until - time.monotonic()) > 0.0:
            self.show_alive()
            thread.join(min(left_s, self.timing.tick_s))

    def _bring_news(self, *, is_last: bool = False, is_over: bool = False) -> None:
        with self._news_lock:
            now = time.monotonic()
            if now >= self._next_lease_s:
                self.lease.check()
                self._next_lease_s = now + self.timing.lease_poll_s
            self.writer.upload_new(is_over=is_over)
            self.store.put(self.lease.keys.sign, encode(self._sign()))
            if is_last or now >= self._next_log_s:
                self._next_log_s = now + self.timing.log_s
                self._bring_logs()

    def _bring_logs(self) -> None:
        for name, path in self.logs.items():
            try:
                status = path.stat()
                state = (status.st_size, status.st_mtime_ns)
                if self._log_states.get(name) == state:
                    continue
                with path.open("rb") as file:
                    file.seek(max(0, status.st_size - LOG_BYTES))
                    content = file.read(LOG_BYTES)
            except OSError:
                continue
            self.store.put(self.lease.keys.log(self.lease.epoch, name), content)
            self._log_states[name] = state

    def _sign(self) -> Sign:
        beat = read_heartbeat(self.run.heartbeat)
        return Sign(
            epoch=self.lease.epoch,
            instance_id=self.identity.instance_id,
            instance_type=self.identity.instance_type,
            zone=self.identity.zone,
            phase=self._phase,
            time=self.clock(),
            step=beat.step if beat else 0,
            detail=self._detail,
            interruption_at=self._interruption_at,
            upload_bytes_per_s=self.outbox.bytes_per_s,
            address=self.identity.address,
            host_keys=self.host_keys,
            engine_lock=_read(self.run.lock_file),
            heartbeat=msgspec.json.encode(beat).decode() if beat else "",
        )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _log(message: str) -> None:
    print(f"mirror: {message}", file=sys.stderr, flush=True)  # noqa: T201 - the only reader is agent.log
