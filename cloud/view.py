"""The quick way by which news of a run come here: its events by SSH, from the instance itself, as they are written.

S3 brings the same a few seconds later and is what counts (events_copy.py); nothing depends on this. It works where the
stack lets this machine in, OpenSSH is here, and the instance took the run's key. Whatever fails is tried again, later
each time.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time

from msgspec import DecodeError

from cloud.events_copy import EventsCopy
from cloud.local import CloudFiles
from cloud.records import Sign
from cloud.segments import EventLine, decode_line, num_to_tell
from cloud.timing import Timing
from cloud.view_access import PORT, Target, known_hosts_of, ssh_command, target_of
from engine.protocol.errors import StorageError
from engine.protocol.files import write_whole

STALE_S = 6.0
"""After so long without a word this way is not counted on; chosen: three of view_helper.py's signs of life."""
MAX_LINE_BYTES = 16 << 20
STRANGER = "Host key verification failed"
"""What ssh says of a machine that has not the key that S3 tells."""


class View:
    """Follows the instance that `aim` names, in a thread of its own, until `end`."""

    def __init__(self, files: CloudFiles, copy: EventsCopy, timing: Timing, *, port: int = PORT) -> None:
        self._files, self._copy, self._timing, self._port = files, copy, timing, port
        self._target: Target | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        """Held while what is aimed at, or the process that follows it, changes."""
        self._changed = threading.Event()
        self._is_over = False
        self._heard_at: float | None = None
        self._told: set[tuple[Target, str]] = set()
        self._thread = threading.Thread(target=self._follow_all, name="view", daemon=True)

    def aim(self, sign: Sign | None) -> None:
        """Follow the instance of this sign of life; none that S3 has no event of, and none without an address."""
        target = target_of(sign)
        if target is not None and (target.epoch != self._copy.epoch or not self._files.view_key.is_file()):
            target = None
        with self._lock:
            if target == self._target or self._is_over:
                return
            self._target = target
            self._drop()
            self._changed.set()
        if target is not None and not self._thread.ident:
            self._thread.start()

    def end(self) -> None:
        """Add nothing any more and let go of the instance."""
        with self._lock:
            self._is_over, self._target = True, None
            self._drop()
            self._changed.set()
        if self._thread.ident:
            self._thread.join()

    def silent_s(self) -> float | None:
        """Return how long ago it said something; None where it is not what news come by."""
        heard_at = self._heard_at
        silent_s = time.monotonic() - heard_at if heard_at is not None else STALE_S
        return silent_s if silent_s < STALE_S else None

    def _drop(self) -> None:
        self._heard_at = None
        if self._process is not None:
            self._process.kill()

    def _follow_all(self) -> None:
        wait_s = self._timing.view_retry_s
        while not self._is_over:
            self._changed.clear()
            target = self._target
            if target is None:
                self._changed.wait()
                continue
            try:
                has_spoken = self._follow(target)
            except (OSError, StorageError) as err:
                has_spoken = False
                self._tell(target, str(err))
            wait_s = self._timing.view_retry_s if has_spoken else min(2 * wait_s, self._timing.longest_view_retry_s)
            if self._changed.wait(wait_s):
                wait_s = self._timing.view_retry_s

    def _follow(self, target: Target) -> bool:
        """Follow an instance as long as it can be reached; return whether it could. Raises OSError and StorageError."""
        write_whole(self._files.known_hosts, known_hosts_of(target).encode())
        command = ssh_command(self._files, target, port=self._port, num_lines=self._copy.last_seq)
        with self._lock:
            if target != self._target:
                return False
            self._process = process = subprocess.Popen(
                command,
                cwd=self._files.known_hosts.parent,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # a terminal's Ctrl-C is not meant for it
            )
        try:
            has_spoken = self._read(process, target)
        finally:
            process.kill()
            _, errors = process.communicate()
            with self._lock:
                self._process, self._heard_at = None, None
        if target == self._target:
            self._tell(target, _reason(errors, target))
        return has_spoken

    def _read(self, process: subprocess.Popen[bytes], target: Target) -> bool:
        assert process.stdout
        has_spoken, rest = False, b""
        waiting: list[EventLine] = []
        while len(rest) < MAX_LINE_BYTES and (new := os.read(process.stdout.fileno(), 1 << 16)):
            whole, _, rest = (rest + new).rpartition(b"\n")
            for raw in whole.splitlines():
                with contextlib.suppress(DecodeError):
                    waiting.append(decode_line(raw))
            # An engine's last event waits, as it does on the way to S3: another engine may follow.
            num_told = num_to_tell(waiting)
            self._copy.add(target.epoch, waiting[:num_told])
            del waiting[:num_told]
            with self._lock:
                if target == self._target:
                    has_spoken, self._heard_at = True, time.monotonic()
        return has_spoken

    def _tell(self, target: Target, reason: str) -> None:
        """Log why an instance cannot be followed, once."""
        if reason and (target, reason) not in self._told:
            self._told.add((target, reason))
            print(f"ssh: {reason}", file=sys.stderr, flush=True)  # noqa: T201 - the only reader is link.log


def _reason(errors: bytes, target: Target) -> str:
    text = errors.decode("utf-8", "replace").strip()
    if STRANGER in text:
        return (
            f"{target.address} shows another host key than attempt {target.epoch} told S3; nothing is taken from it. "
            "News come through S3."
        )
    said = text.splitlines()[-1].removeprefix("ssh: ").rstrip(".") if text else f"{target.address} says no more"
    return f"{said}; news come through S3 until it is back."
