"""The engine's side of the evaluating process: start it, ask it, hear from it, notice its death."""

import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from engine.death import signal_words
from engine.worker.evaluator import Answer


class DeadEvaluatorError(Exception):
    """The process is gone, and what it was asked for with it. Says how it died."""


class EvaluatorProcess:
    """One process at most, started when it is first asked for something, and again after its death."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[bytes, bytes] | None = None

    def ask(self, checkpoint: Path) -> None:
        """Have the checkpoint in this directory evaluated. Raises DeadEvaluatorError."""
        if self._connection is None:
            self._start()
        assert self._connection is not None
        try:
            self._connection.send_bytes(str(checkpoint).encode())
        except OSError as err:
            raise self._died() from err

    def take(self, *, timeout_s: float = 0.0) -> Answer | None:
        """Return the answer to what was asked, None where there is none within the time. Raises DeadEvaluatorError."""
        assert self._connection is not None
        try:
            if not self._connection.poll(timeout_s):
                return None
            return msgspec.json.decode(self._connection.recv_bytes(), type=Answer)
        except (EOFError, OSError) as err:
            raise self._died() from err

    def close(self) -> None:
        """End the process, in the middle of an episode if need be."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._connection = self._process = None

    def _start(self) -> None:
        self._connection, child = Pipe()
        with child:
            # A session of its own: a terminal's Ctrl-C is for the engine, which then saves and closes this.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "engine.worker.evaluator", str(self._run_dir), str(child.fileno())],
                pass_fds=(child.fileno(),),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _died(self) -> DeadEvaluatorError:
        assert self._process is not None
        process = self._process
        returncode = process.wait()  # the kernel closes the socket a moment before the process is reaped
        self.close()
        if returncode < 0:
            return DeadEvaluatorError(f"The evaluating process {process.pid} was {signal_words(-returncode)}.")
        return DeadEvaluatorError(
            f"The evaluating process {process.pid} ended with exit code {returncode}; engine.log may say why."
        )
