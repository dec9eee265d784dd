"""Something that a child process does beside a page: a window that is open, a video that is recorded."""

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from engine.protocol.errors import RlroboError
from rlrobo_tui.commands.child import ChildError, Listener, listen_to, start_child


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to do."""

    module: str
    arguments: list[str]
    folder: Path
    """Working directory."""
    check: Callable[[], object] = lambda: None
    """Called first, in the job's thread; raises RlroboError where there is no point in starting the process."""


class ChildJob:
    """The child with a thread that listens to it; `stop` ends both at once."""

    def __init__(self, order: Order, *, listen: Listener, over: Callable[[RlroboError | None], object]) -> None:
        """Start. Both callables are called in the thread; `over` last, with what went wrong, unless it was stopped."""
        self._order, self._listen, self._over = order, listen, over
        self._is_stopped = False
        self._stop: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the child; nothing is told any more."""
        self._is_stopped = True
        self._stop()

    def join(self, timeout_s: float) -> None:
        """Wait until it is over."""
        self._thread.join(timeout_s)

    def _work(self) -> None:
        error = self._do()
        if not self._is_stopped:
            self._over(error)

    def _do(self) -> RlroboError | None:
        order = self._order
        try:
            order.check()
            process = start_child(order.module, order.arguments, order.folder)
        except RlroboError as err:
            return err
        except OSError as err:
            return ChildError(f"the process `python -m {order.module}` could not be started: {err}.")
        # As ctrl-C does: a recording removes what it has written so far, which SIGTERM would not let it do.
        self._stop = partial(process.send_signal, signal.SIGINT)
        if self._is_stopped:  # while the process was starting
            self._stop()
        with process:
            try:
                listen_to(process, order.module, self._tell)
            except ChildError as err:
                return err
        return None

    def _tell(self, message: dict[str, object]) -> None:
        if not self._is_stopped:
            self._listen(message)
