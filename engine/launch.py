"""Start, find and signal the engine process of a run. Called by the CLI and the TUI; imports no torch."""

import os
import signal
import subprocess
import sys

from engine.protocol.errors import StorageError
from engine.protocol.lock import Holder, read_holder
from engine.protocol.run_dir import RunDir


def start_engine(run: RunDir) -> subprocess.Popen[bytes]:
    """Start a detached engine for `run`: it outlives this process and its terminal. Its output goes to engine.log.

    The caller may poll the returned process for an early death, or forget it. Raises StorageError.
    """
    try:
        log = run.engine_log.open("ab")
    except OSError as err:
        raise StorageError.from_os_error(err, run.engine_log) from err
    with log:
        return subprocess.Popen(
            [sys.executable, "-m", "engine", str(run.path.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # -m puts the working directory first on sys.path; a user's own engine/ folder must not shadow this package.
            cwd=run.path,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )


def find_engine(run: RunDir) -> Holder | None:
    """Return the process that trains `run` on this machine now, or None."""
    holder = read_holder(run.lock_file)
    return holder if holder is not None and holder.is_alive else None


def signal_stop(run: RunDir) -> bool:
    """Ask the engine of `run` to save a checkpoint and end, by SIGTERM. Returns whether there is one."""
    return _signal(run, signal.SIGTERM)


def kill_engine(run: RunDir) -> bool:
    """Kill the engine of `run` at once; what came after the last checkpoint is lost. Returns whether there was one."""
    return _signal(run, signal.SIGKILL)


def _signal(run: RunDir, number: signal.Signals) -> bool:
    holder = find_engine(run)
    if holder is None:
        return False
    try:
        os.kill(holder.pid, number)
    except ProcessLookupError:
        return False
    return True
