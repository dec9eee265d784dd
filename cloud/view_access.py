"""Who may look at a run on its instance by SSH, and which machine that instance is.

One key for each run: it is made here and never leaves this machine, its public half goes out with what the user asked
for, and it is deleted when the run is over. The instance lets it do one thing (boot.sh, view_helper.py). The machine is
known by the host keys that it told S3, not by what it shows at the first visit.
"""

from __future__ import annotations

import ipaddress
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from cloud.local import CloudFiles
from cloud.records import Sign
from engine.protocol.errors import StorageError

USER = "rlrobo-view"
"""Account on the instance; boot.sh makes it."""
PORT = 22
CONNECT_S, ALIVE_S, ALIVE_COUNT = 10, 5, 3
"""A machine that does not answer is given up after ten seconds, one that falls silent after fifteen."""
MAX_HOST_KEYS = 8
_KEY = re.compile(r"((?:ssh|ecdsa)-[a-z0-9-]{1,40} [A-Za-z0-9+/]{40,2000}={0,3})(?: [ -~]*)?")


class Target(NamedTuple):
    """The instance of an attempt."""

    epoch: int
    address: str
    host_keys: tuple[str, ...]
    """Type and base64 text of each."""


def why_not_here() -> str:
    """Return what this machine lacks to look at runs by SSH; empty: nothing."""
    missing = [program for program in ("ssh", "ssh-keygen") if shutil.which(program) is None]
    return f"OpenSSH's {' and '.join(missing)} is not on this machine." if missing else ""


def make_key(files: CloudFiles) -> str:
    """Make the key of a run, unless it has one; return its public half, empty where none can be made."""
    public = _public_half(files)
    try:
        if not (files.view_key.is_file() and public.is_file()):
            forget_key(files)
            files.view_key.parent.mkdir(parents=True, exist_ok=True)
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(files.view_key)]
            subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        return public.read_text(encoding="utf-8").strip()
    except (OSError, StorageError, subprocess.CalledProcessError):
        return ""  # news come through S3 alone then


def forget_key(files: CloudFiles) -> None:
    """Delete the key of a run. Raises StorageError."""
    for path in (files.view_key, _public_half(files), files.known_hosts):
        try:
            path.unlink(missing_ok=True)
        except OSError as err:
            raise StorageError.from_os_error(err, path) from err


def target_of(sign: Sign | None) -> Target | None:
    """Return the instance that a sign of life tells of; None where none can be looked at.

    An instance wrote the sign, so nothing in it is taken on trust: what is no address and no key is none.
    """
    if sign is None:
        return None
    try:
        address = str(ipaddress.ip_address(sign.address))
    except ValueError:
        return None
    lines = sign.host_keys.splitlines()[:MAX_HOST_KEYS]
    keys = tuple(match[1] for line in lines if (match := _KEY.fullmatch(line.strip())))
    return Target(sign.epoch, address, keys) if keys else None


def known_hosts_of(target: Target) -> str:
    """Return the content of a file by which ssh knows the machine, and no other one, under the name `USER`."""
    return "".join(f"{USER} {key}\n" for key in target.host_keys)


def ssh_command(files: CloudFiles, target: Target, *, port: int, num_lines: int) -> list[str]:
    """Return the command, for the run's cloud folder, that prints the run's events after its first `num_lines`.

    It asks nothing, reads no settings of the user or the machine, forwards nothing and learns no new host keys.
    """
    options = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": files.known_hosts.name,
        "GlobalKnownHostsFile": "/dev/null",
        "HostKeyAlias": USER,
        "UpdateHostKeys": "no",
        "IdentityFile": files.view_key.name,
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "PreferredAuthentications": "publickey",
        "ClearAllForwardings": "yes",
        "ConnectTimeout": CONNECT_S,
        "ServerAliveInterval": ALIVE_S,
        "ServerAliveCountMax": ALIVE_COUNT,
        "LogLevel": "ERROR",
        "User": USER,
        "Port": port,
    }
    settings = [f"-o{name}={value}" for name, value in options.items()]
    return ["ssh", "-F", "none", "-T", *settings, "--", target.address, str(num_lines)]


def _public_half(files: CloudFiles) -> Path:
    return files.view_key.with_suffix(".pub")
