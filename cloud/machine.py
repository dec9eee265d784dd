"""What an agent needs to know of the machine it works on."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from cloud.errors import CloudError
from cloud.imds import Identity, Imds, ImdsError
from cloud.store import ObjectStore
from cloud.timing import Timing, read_timing

DEFAULT_FOLDER = Path("/var/lib/rlrobo")
ROUNDING_S = 3.0
"""S3 tells whole seconds, and an answer takes its time: a smaller difference of two clocks is none."""


@dataclass(frozen=True)
class Machine:
    """An instance. Tests have their own."""

    store: ObjectStore
    imds: Imds
    folder: Path = DEFAULT_FOLDER
    """For the run and for what agent and user data tell each other."""
    timing: Timing = field(default_factory=read_timing)
    goes_down: threading.Event = field(default_factory=threading.Event)
    """Set: somebody else shuts the machine down."""

    def now(self) -> float:
        """Return the time in seconds since 1970, by S3's clock: this machine's may be wrong."""
        offset_s = self.store.clock_offset_s() or 0.0
        return time.time() + (offset_s if abs(offset_s) > ROUNDING_S else 0.0)

    def identity(self) -> Identity:
        """Return who this instance is; right after the boot the service may not answer yet. Raises CloudError."""
        deadline = time.monotonic() + self.timing.identity_s
        while True:
            try:
                return self.imds.identity()
            except ImdsError as err:
                if time.monotonic() > deadline:
                    raise CloudError(f"The metadata service does not tell who this instance is: {err}.") from err
            time.sleep(self.timing.tick_s)

    def host_keys(self) -> str:
        """Return the SSH keys by which this machine is known; empty where the user data opened no view on the run."""
        try:
            return (self.folder / "host_keys").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def show_alive(self) -> None:
        """Let the watchdog of the user data know that the agent works."""
        (self.folder / "alive").touch()

    def set_end(self, at: float) -> None:
        """Have that watchdog end the machine then, in seconds since 1970, whatever becomes of the agent."""
        temporary = self.folder / ".end_at"
        temporary.write_text(f"{at:.0f}\n")
        temporary.replace(self.folder / "end_at")


def log(message: str) -> None:
    """Write a line into the agent's log."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    print(f"{stamp} {message}", file=sys.stderr, flush=True)  # noqa: T201 - it is agent.log
