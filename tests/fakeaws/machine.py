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

MACHINE_PATH = "/_machine/"
"""Where the endpoint takes what a machine asks of its hypervisor; no bucket can have this name."""
_MARK = "RLROBO_FAKE_MACHINE"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def shutdown_program(endpoint: str, instance_id: str) -> bytes:
    """Return a program that stands for shutdown, poweroff and halt: it tells the hypervisor, which does the rest."""
    host, _, port = endpoint.removeprefix("http://").partition(":")
    return f"""#!/bin/bash
wanted="$(basename "$0") $*"
exec 3<>/dev/tcp/{host}/{port} || exit 1
printf 'POST {MACHINE_PATH}{instance_id} HTTP/1.0\\r\\nContent-Length: %d\\r\\n\\r\\n%s' ${{#wanted}} "$wanted" >&3
sed '1,/^.$/d' <&3
""".encode()


def script_of(user_data: bytes) -> bytes:
    """Return the script that an instance runs; an empty one where the user data is none."""
    content = gzip.decompress(user_data) if user_data.startswith(b"\x1f\x8b") else user_data
    return content if content.startswith(b"#!") else b"#!/bin/sh\n"


class Machine(Protocol):
    """What the hypervisor needs of a computer."""

    imds: Imds
    console: Path
    """What its user data prints."""

    def boot(self, user_data: bytes) -> None:
        """Switch on, and run the user data."""
        ...

    def kill(self) -> None:
        """Switch off, as by pulling the plug, the metadata service too. It may be off already."""
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

    def environments(self) -> list[dict[str, str]]:
        """Return the environment of each of its processes."""
        ...

    def read(self, path: str) -> bytes:
        """Return a file of it; empty where there is none."""
        ...


class LightMachine:
    """A computer of plain processes; needs no privilege."""

    def __init__(self, root: Path, imds: Imds, *, endpoint: str, variables: Mapping[str, str]) -> None:
        """`endpoint`: of AWS. `variables`: what else the machine's image sets in the environment."""
        self.imds = imds
        self.console = root / "console.log"
        self._root, self._endpoint, self._variables = root, endpoint, variables
        self._first: subprocess.Popen[bytes] | None = None

    def boot(self, user_data: bytes) -> None:
        self.imds.serve()
        (self._root / "home").mkdir(parents=True)
        for name in ("shutdown", "poweroff", "halt"):
            content = shutdown_program(self._endpoint, self.imds.identity.instance_id)
            write_program(self._root / "bin" / name, content)
        write_program(self._root / "user-data", script_of(user_data))
        with self.console.open("wb") as console:
            self._first = subprocess.Popen(
                [str(self._root / "user-data")],
                cwd=self._root / "home",
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
        self.imds.close()

    def freeze(self) -> None:
        self._signal_all(signal.SIGSTOP)
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def is_alive(self) -> bool:
        return any(True for _ in self._processes())

    def environments(self) -> list[dict[str, str]]:
        return [process.environ() for process in self._processes()]

    def read(self, path: str) -> bytes:
        file = self._root / path.lstrip("/")
        return file.read_bytes() if file.is_file() else b""

    def _environ(self) -> dict[str, str]:
        """Return the environment of the machine's first process; nothing of the user's own is in it."""
        passed = {name: os.environ[name] for name in _THREADS if name in os.environ}
        return {
            "PATH": f"{self._root / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self._root / "home"),
            "LANG": "C.UTF-8",
            "RLROBO_PYTHON": sys.executable,
            "RLROBO_ROOT": str(self._root),
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.imds.url,
            _MARK: self._mark,
            **passed,
            **self._variables,
        }

    @property
    def _mark(self) -> str:
        return str(self._root)

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


def write_program(path: Path, content: bytes) -> None:
    """Write a file that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755)
