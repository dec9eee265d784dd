"""The computer that an instance is: here, plain processes with a root folder and a metadata service of their own.

Every process of a machine carries the machine's mark in its environment, so that what starts a session of its own is
found too when the machine is switched off.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import psutil

from tests.fakeaws.imds import Imds

_MARK = "RLROBO_FAKE_MACHINE"
_SHUTDOWN = """#!/bin/bash
# Stands for shutdown and poweroff: tells the machine's hypervisor, which does the rest.
exec 3<>/dev/tcp/{host}/{port} && printf '%s\\n' "{instance_id} $(basename "$0") $*" >&3 && cat <&3
"""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Machine(Protocol):
    """What the hypervisor needs of a computer."""

    imds: Imds
    console: Path
    """What its user data prints."""

    def boot(self, user_data: bytes) -> None:
        """Switch on, and run the user data."""
        ...

    def kill(self) -> None:
        """Switch off, as by pulling the plug. It may be off already."""
        ...

    def freeze(self) -> None:
        """Let every process hang."""
        ...

    def thaw(self) -> None:
        """Let them go on."""
        ...

    def is_alive(self) -> bool:
        """Return whether a process of it lives."""
        ...


class LightMachine:
    """A computer of plain processes; needs no privilege."""

    def __init__(self, root: Path, imds: Imds, *, control: tuple[str, int], environment: Mapping[str, str]) -> None:
        """`control`: address of the hypervisor. `environment`: what the machine's image sets."""
        self.imds = imds
        self.root = root
        self.console = root / "console.log"
        self._control = control
        self._environment = environment
        self._first: subprocess.Popen[bytes] | None = None

    def boot(self, user_data: bytes) -> None:
        self.root.mkdir(parents=True)
        instance_id = self.imds.identity.instance_id
        for name in ("shutdown", "poweroff", "halt"):
            text = _SHUTDOWN.format(host=self._control[0], port=self._control[1], instance_id=instance_id)
            _write_program(self.root / "bin" / name, text.encode())
        (self.root / "home").mkdir()
        script = self.root / "user-data"
        _write_program(script, gzip.decompress(user_data) if user_data.startswith(b"\x1f\x8b") else user_data)
        if not script.read_bytes().startswith(b"#!"):
            self.console.write_text("The user data is no script.\n")
            return
        with self.console.open("wb") as console:
            self._first = subprocess.Popen(
                [str(script)],
                cwd=self.root / "home",
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )

    def kill(self) -> None:
        # Stopped first, so that none can start another while it is looked for.
        self._signal_all(signal.SIGSTOP)
        while self._signal_all(signal.SIGKILL):
            pass
        if self._first is not None:
            self._first.wait()

    def freeze(self) -> None:
        self._signal_all(signal.SIGSTOP)
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def is_alive(self) -> bool:
        return any(True for _ in self._processes())

    def _environ(self) -> dict[str, str]:
        """Return the environment of the machine's first process; nothing of the user's own is in it."""
        passed = {name: os.environ[name] for name in _THREADS if name in os.environ}
        return {
            "PATH": f"{self.root / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.root / "home"),
            "LANG": "C.UTF-8",
            "RLROBO_PYTHON": sys.executable,
            "RLROBO_ROOT": str(self.root),
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.imds.url,
            _MARK: self._mark,
            **passed,
            **self._environment,
        }

    @property
    def _mark(self) -> str:
        return str(self.root)

    def _processes(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(_MARK) == self._mark and process.status() != psutil.STATUS_ZOMBIE:
                    yield process

    def _signal_all(self, number: int) -> int:
        """Send a signal to every process; return how many there were."""
        found = list(self._processes())
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)
        return len(found)


def _write_program(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755)
