"""Start, find and signal the engine of a run and its supervisor. Called by the CLI and the TUI; imports no torch."""

import os
import signal
import subprocess
import sys

from engine.protocol.errors import StorageError
from engine.protocol.lock import Holder, read_holder
from engine.protocol.run_dir import RunDir


def start_engine(
    run: RunDir, *, from_step: int | None = None, total_timesteps: int | None = None, auto_resume: int = 0
) -> subprocess.Popen[bytes]:
    """Start a detached engine for `run`: it outlives this process and its terminal. Its output goes to engine.log.

    Where the run has events it goes on, from the checkpoint `from_step` or the latest. What is returned is its
    supervisor, which ends when the engine does; poll it for an early death, or forget it. Raises StorageError.
    """
    options = {"--from": from_step, "--total-timesteps": total_timesteps, "--auto-resume": auto_resume or None}
    given = [text for name, value in options.items() if value is not None for text in (name, str(value))]
    try:
        log = run.engine_log.open("ab")
    except OSError as err:
        raise StorageError.from_os_error(err, run.engine_log) from err
    with log:
        return subprocess.Popen(
            [sys.executable, "-m", "engine.supervise", str(run.path.absolute()), *given],
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
    return _if_alive(read_holder(run.lock_file))


def find_supervisor(run: RunDir) -> Holder | None:
    """Return the process that waits for the engine of `run` on this machine, or None."""
    return _if_alive(read_holder(run.supervisor_lock))


def signal_stop(run: RunDir) -> bool:
    """Ask the engine of `run` to save a checkpoint and end, by SIGTERM. Returns whether there is one."""
    # A supervisor passes it on, also to an engine that is only starting.
    return _signal(find_supervisor(run), signal.SIGTERM) or _signal(find_engine(run), signal.SIGTERM)


def kill_engine(run: RunDir) -> bool:
    """Kill the engine of `run` at once; what came after the last checkpoint is lost. Returns whether there was one."""
    is_told = _signal(find_supervisor(run), signal.SIGTERM)  # or it would start the engine again
    return _signal(find_engine(run), signal.SIGKILL) or is_told


def _if_alive(holder: Holder | None) -> Holder | None:
    return holder if holder is not None and holder.is_alive else None


def _signal(holder: Holder | None, number: signal.Signals) -> bool:
    if holder is None:
        return False
    try:
        os.kill(holder.pid, number)
    except ProcessLookupError:
        return False
    return True
