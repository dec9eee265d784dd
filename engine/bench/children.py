"""Processes that work when they are told to and sleep in between, so that only one at a time uses the machine.

They are forked off one process that has loaded torch and PyBullet and has run neither: each begins at once and has its
own interpreter lock, thread settings and OpenMP threads. They end with the process that started them.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from typing import Any

from engine.protocol.errors import RlroboError, UsageError
from robots.errors import RobotError

# torch imports torch._dynamo, which takes a second, when it makes its first optimiser.
PRELOADED = ["engine.bench.trainee", "engine.bench.ceiling", "torch._dynamo"]


class Child:
    """One such process: it calls `work`, a "module:function", with the other end of a connection and `arguments`."""

    def __init__(self, name: str, work: str, *arguments: Any) -> None:
        self.name = name
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(name, theirs, work, arguments))
        self._process.start()
        theirs.close()

    def ask(self, message: Any) -> Any:
        """Tell it something and wait for its answer. Raises RlroboError."""
        self.send(message)
        return self.receive()

    def send(self, message: Any) -> None:
        """Tell it something; `receive` would tell that it is dead."""
        with contextlib.suppress(BrokenPipeError):
            self._connection.send(message)

    def receive(self) -> Any:
        """Wait for its next answer. Raises RlroboError with what went wrong in it."""
        try:
            answer = self._connection.recv()
        except (EOFError, ConnectionResetError):
            self._process.join()
            code = self._process.exitcode
            raise RlroboError(f"{self.name}: its process died (exit code {code}); is there enough memory?") from None
        if isinstance(answer, RlroboError):
            raise answer
        return answer

    def close(self) -> None:
        """Let it end and wait for that."""
        self._connection.close()
        self._process.join()


def _run(name: str, connection: Connection, work: str, arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one, which then ends
    module, _, function = work.partition(":")
    with contextlib.suppress(ConnectionError):  # when the other end is closed, nobody wants to know any more
        try:
            getattr(importlib.import_module(module), function)(connection, *arguments)
        except (RlroboError, RobotError) as err:
            is_usage = not isinstance(err, RlroboError) or err.exit_code == UsageError.exit_code
            connection.send(UsageError(str(err)) if is_usage else RlroboError(str(err)))
        except Exception as err:  # noqa: BLE001 - the process boundary; the other end says what went wrong
            connection.send(RlroboError(f"{name}: {type(err).__name__}: {err}"))
            traceback.print_exc(file=sys.stderr)
