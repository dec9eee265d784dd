"""The wire between this machine and a full machine whose security group opens SSH, and the sshd at its other end.

A pair of network devices joins the two; the guest reaches no more by it than this machine. Its addresses are of a range
that nothing else uses, and it goes when the guest does. The sshd is OpenSSH's own, set up as Amazon Linux sets it up
where that is stricter than Debian, and with every forwarding open, so that a key's own limits show.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
from pathlib import Path

SSHD = "/usr/sbin/sshd"
_CONFIG = """
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin forced-commands-only
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
X11Forwarding yes
AllowTcpForwarding yes
AllowAgentForwarding yes
PermitTunnel yes
PrintMotd no
Subsystem sftp /usr/lib/openssh/sftp-server
"""


def why_unavailable() -> str:
    """Return why full machines cannot be reached by SSH here; empty: they can."""
    for program in ("ssh", "ssh-keygen", "useradd", "ip", SSHD):
        if shutil.which(program) is None:
            return f"needs the program {program}"
    done = _ip("link", "add", "rlprobe0", "type", "veth", "peer", "name", "rlprobe1", check=False)
    _ip("link", "del", "rlprobe0", check=False)
    return f"needs network devices of its own: {done.stderr.strip()}" if done.returncode else ""


def new_address() -> str:
    """Return an address for a machine; the one before it is this machine's end of the wire."""
    return f"10.231.{secrets.randbelow(256)}.{4 * secrets.randbelow(63) + 2}"


def write_sshd(image: Path) -> None:
    """Put sshd's settings and a host key of its own into a machine's image."""
    folder = image / "etc/ssh"
    folder.mkdir(parents=True)
    (folder / "sshd_config").write_text(_CONFIG)
    key = folder / "ssh_host_ed25519_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "machine", "-f", str(key)], check=True)


class Wire:
    """The wire of one machine."""

    def __init__(self, address: str, pid: int) -> None:
        """`pid`: of a process of the machine."""
        number = address.split(".", 2)[2].replace(".", "x")
        self.name, inside = f"rlh{number}", f"rlg{number}"
        head, _, last = address.rpartition(".")
        _ip("link", "add", self.name, "type", "veth", "peer", "name", inside, "netns", str(pid))
        _ip("address", "add", f"{head}.{int(last) - 1}/30", "dev", self.name)
        _ip("link", "set", self.name, "up")
        within = ["nsenter", "--target", str(pid), "--net"]
        _run(*within, "ip", "address", "add", f"{address}/30", "dev", inside)
        _run(*within, "ip", "link", "set", inside, "up")

    def cut(self) -> None:
        """Let nothing through; neither end is told."""
        _ip("link", "set", self.name, "down")

    def mend(self) -> None:
        """Let everything through again."""
        _ip("link", "set", self.name, "up")


def _ip(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return _run("ip", *words, check=check)


def _run(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=check)
