"""`python -m cloud.link RUN_DIR`: send a run to the cloud, bring back what it writes, and see it trained to its end.

One for each run, started by cloud.attach. It keeps nothing in memory that S3 and EC2 do not know: killed at any moment
and started again, here or years later, it finds out how the run stands and goes on. While it is away the instance
trains, saves and ends itself; what waits is the next attempt.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from cloud.aws import Aws
from cloud.deploy import read_outputs
from cloud.errors import CloudError
from cloud.events_copy import EventsCopy
from cloud.local import CloudFiles
from cloud.records import CloudSpec
from cloud.recovery import Conclude, Done, Follow, next_step
from cloud.reporting import Reporting
from cloud.send import send
from cloud.steps import Steps
from cloud.timing import read_timing
from cloud.view import View
from cloud.view_access import forget_key, why_not_here
from cloud.watching import Watching
from engine.protocol.errors import RlroboError, RunBusyError, StorageError
from engine.protocol.lock import RunLock
from engine.protocol.run_dir import RunDir, open_run

OpenAws = Callable[[CloudSpec], Aws]


class Link:
    """Follows one run."""

    def __init__(self, run: RunDir, spec: CloudSpec, open_aws: OpenAws) -> None:
        self._run, self._spec, self._open_aws = run, spec, open_aws
        self._timing = read_timing()
        self._events = EventsCopy(run.events, run.cloud / "events-place.json")
        self._view = View(CloudFiles(run), self._events, self._timing)
        self._reporting = Reporting(run, spec, self._view)
        self._is_over = threading.Event()
        self._logged = ""
        self._aws: Aws | None = None

    def follow(self) -> int:
        """Follow the run to its end; return the exit code. Raises StorageError."""
        try:
            return self._follow()
        finally:
            self._view.end()

    def _follow(self) -> int:
        while not self._is_over.is_set():
            try:
                if self._take_a_step():
                    return 0
            except StorageError:
                raise
            except CloudError as err:
                self._aws = None  # credentials are read again: they may have been renewed meanwhile
                self._log_news(str(err))
                self._reporting.tell_away(str(err))
            self._is_over.wait(self._timing.link_s)
        return 0

    def let_go(self) -> None:
        """End at the next occasion; safe in a signal handler."""
        self._is_over.set()

    def _take_a_step(self) -> bool:
        """Look at the run and do what follows; return whether it is over. Raises CloudError and StorageError."""
        if self._aws is None:
            self._open()
        seen = self._watching.look()
        step = next_step(seen.situation)
        self._view.aim(seen.situation.sign if self._is_let_in and isinstance(step, Follow) else None)
        self._log_news("" if isinstance(step, Follow) else repr(step))
        self._reporting.tell(step, seen)
        if isinstance(step, Done):
            self._steps.end_all()
            self._view.end()
            self._watching.finish()
            forget_key(CloudFiles(self._run))
            self._reporting.tell_end(step.end, self._watching.look())
            return True
        if isinstance(step, Conclude):
            self._watching.conclude(step, seen)
        elif not isinstance(step, Follow):
            self._steps.take(step, seen)
        return False

    def _log_news(self, text: str) -> None:
        """Log what happens once, however often it is looked at."""
        if text and text != self._logged:
            _log(text)
        self._logged = text

    def _open(self) -> None:
        self._aws = aws = self._open_aws(self._spec)
        store = aws.store(self._spec.bucket)
        self._spec = send(self._run, self._spec, store, self._reporting.say)
        outputs = read_outputs(aws, self._spec.stack)
        self._steps = Steps(self._run, self._spec, aws, outputs, store=store)
        self._watching = Watching(self._run, self._spec, aws, store=store, events=self._events)
        self._is_let_in = bool(outputs.ssh_cidr and self._spec.view_key and not why_not_here())


def main(arguments: list[str]) -> int:
    """Follow the run in the directory that is named; return the exit code."""
    run = open_run(Path(arguments[0]))
    spec = CloudFiles(run).read_spec()
    if spec is None:
        _log(f"{run.path} was never sent to the cloud.")
        return 2
    try:
        with RunLock(run.supervisor_lock):
            link = Link(run, spec, lambda spec: Aws.open(spec.region))
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: link.let_go())
            return link.follow()
    except RunBusyError:
        _log("another process follows the run already.")
        return 0
    except RlroboError as err:
        _log(str(err))
        return err.exit_code


def _log(text: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(f"{stamp} link: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the only reader is link.log


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
