"""Start, find and end the process that follows a cloud run from here. Imports no boto3: the app and the CLI call it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cloud.local import CloudFiles
from engine.launch import find_supervisor
from engine.protocol.errors import StorageError
from engine.protocol.remote import read_remote
from engine.protocol.run_dir import RunDir, list_runs


def start_link(run: RunDir) -> subprocess.Popen[bytes]:
    """Start a detached process that sends, launches and follows `run`: it outlives this process and its terminal.

    Its output goes to cloud/link.log. It ends when the run is over, or at once where another one follows already. A
    run needs it for its next attempt only: killed, it loses nothing, and started again it goes on. Raises StorageError.
    """
    files = CloudFiles(run)
    try:
        files.log.parent.mkdir(parents=True, exist_ok=True)
        log = files.log.open("ab")
    except OSError as err:
        raise StorageError.from_os_error(err, files.log) from err
    with log:
        return subprocess.Popen(
            [sys.executable, "-m", "cloud.link", str(run.path.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=run.path,  # a user's own cloud/ folder must not shadow this package
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )


def ensure_link(run: RunDir) -> bool:
    """Start the process where the run needs one and has none; return whether it was started. Raises StorageError."""
    if not needs_link(run):
        return False
    start_link(run)
    return True


def needs_link(run: RunDir) -> bool:
    """Whether the run goes on in the cloud and nothing here follows it."""
    remote = read_remote(run.remote)
    return remote is not None and remote.is_active and find_supervisor(run) is None


def unfollowed(runs_dir: Path) -> Iterator[RunDir]:
    """Yield the runs of a folder that go on in the cloud while nothing here follows them."""
    return (run for run in list_runs(runs_dir) if needs_link(run))


def end_link(run: RunDir) -> bool:
    """Let go of a run, which goes on in the cloud; return whether something followed it."""
    holder = find_supervisor(run)
    if holder is None or not CloudFiles(run).spec.is_file():
        return False
    try:
        os.kill(holder.pid, signal.SIGTERM)
    except ProcessLookupError:
        return False
    return True
