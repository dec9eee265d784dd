"""The computer that an instance is, in full: own processes, host name, network and root file system, by namespaces.

The metadata service is at 169.254.169.254 and nothing else is reached but AWS; the root file system is this machine's
with a layer of its own that goes with the machine. Where its security group opens SSH, it can be reached from here and
has an sshd (wire.py). Needs root.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from tests.fakeaws.imds import Imds
from tests.fakeaws.machine import script_of, shutdown_program, write_program
from tests.fakeaws.wire import Wire, write_sshd

Serve = Callable[[socket.socket], Callable[[], None]]
"""Answer as AWS on a bound socket; returns what ends it."""
_IMDS_ADDRESS = "169.254.169.254"
_ENDPOINT_PORT = 8000
_CLONE_NEWNET = 0x40000000
_REPOSITORY = Path(__file__).parents[2]
_INIT = """
set -e
machine=$1
shift
mount --make-rprivate /
mkdir -p "$machine/disk"
mount -t tmpfs tmpfs "$machine/disk"
cd "$machine/disk"
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
mount -t proc proc root/proc
mount --rbind /dev root/dev
mount --rbind /sys root/sys
mount -t tmpfs tmpfs root/run
mount -t tmpfs tmpfs root/tmp
mount -t tmpfs tmpfs root/var/tmp
# No keys or settings of whoever runs the tests.
for hidden in root/root/.aws root/root/.config root/root/.ssh; do
  if [ -d "$hidden" ]; then mount -t tmpfs tmpfs "$hidden"; fi
done
# What the tests run from stays where it is, also below /tmp or on a disk of its own.
for kept in "$@"; do
  [ -z "$(ls -A "root$kept" 2>/dev/null)" ] || continue
  mkdir -p "root$kept"
  mount --rbind "$kept" "root$kept"
  mount -o remount,bind,ro "root$kept"
done
cp -a "$machine/image/." root/
hostname "$(cat root/etc/hostname)"
ip link set lo up
ip address add 169.254.169.254/32 dev lo
echo ready
read -r _
exec >&2 </dev/null
if [ -e "$machine/image/etc/ssh" ]; then
  mkdir -p root/run/sshd
  chroot root /usr/sbin/sshd -D -e &
fi
# As cloud-init runs it: with next to no environment.
chroot root /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \\
  /var/lib/cloud/instance/user-data.txt &
while :; do
  sleep 1000 &
  wait $!
done
"""


def why_unavailable() -> str:
    """Return why full machines cannot be had here; empty: they can."""
    if not sys.platform.startswith("linux"):
        return "needs Linux"
    if os.geteuid() != 0:
        return "needs root"
    for program in ("unshare", "ip", "mount", "chroot", "hostname"):
        if shutil.which(program) is None:
            return f"needs the program {program}"
    probe = (
        "mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w /mnt/r && ip link set lo up && "
    )
    probe += (
        "mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r && mount -t proc proc /mnt/r/proc"
    )
    done = subprocess.run([*_UNSHARE, "sh", "-c", probe], capture_output=True, text=True, check=False)
    return f"needs namespaces and overlays: {done.stderr.strip()}" if done.returncode else ""


_UNSHARE = ["unshare", "--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--kill-child"]


class FullMachine:
    """A computer of its own, as far as Linux namespaces go."""

    def __init__(self, root: Path, imds: Imds, *, serve: Serve, variables: Mapping[str, str]) -> None:
        """`serve`: answers as AWS. `variables`: what the machine's image sets in /etc/environment."""
        self.imds = imds
        self.console = root / "console.log"
        self._root, self._serve, self._variables = root, serve, variables
        self._outer: subprocess.Popen[str] | None = None
        self._init_pid = 0
        self.wire: Wire | None = None
        """To it from here; None: it cannot be reached."""
        self._end_aws: Callable[[], None] = lambda: None

    def boot(self, user_data: bytes) -> None:
        self._make_image(user_data)
        with self.console.open("w") as console:
            self._outer = subprocess.Popen(
                [
                    *_UNSHARE,
                    "bash",
                    "-c",
                    _INIT,
                    "init",
                    str(self._root),
                    str(_REPOSITORY),
                    sys.prefix,
                    sys.base_prefix,
                ],
                env={"PATH": os.environ["PATH"]},  # nothing of the user's, whom the machine's first process could show
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=console,
                text=True,
                start_new_session=True,
            )
        assert self._outer.stdin
        assert self._outer.stdout
        if self._outer.stdout.readline() != "ready\n":
            raise RuntimeError(f"The machine does not start: {self.console.read_text()}")
        self._init_pid = psutil.Process(self._outer.pid).children()[0].pid
        self._end_aws = self._serve(self._listen("127.0.0.1", _ENDPOINT_PORT))
        self.imds.serve(self._listen(_IMDS_ADDRESS, 80))
        if self.imds.identity.public_address:
            self.wire = Wire(self.imds.identity.public_address, self._init_pid)
        self._outer.stdin.write("go\n")
        self._outer.stdin.close()

    def kill(self) -> None:
        if self._outer is not None and self._init_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._init_pid, signal.SIGKILL)  # the kernel ends everything in its process namespace
            self._outer.wait()
            if self._outer.stdout:
                self._outer.stdout.close()
            self._init_pid = 0
        self.imds.close()
        self._end_aws()

    def freeze(self) -> None:
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def is_alive(self) -> bool:
        return bool(self._init_pid) and psutil.pid_exists(self._init_pid)

    def run(self, *command: str) -> str:
        """Return what a command prints that is run on the machine, by its administrator."""
        target = ["nsenter", "--target", str(self._init_pid), "--mount", "--uts", "--net", "--pid"]
        root = f"{self._root}/disk/root"
        done = subprocess.run([*target, "chroot", root, *command], capture_output=True, text=True, check=True)
        return done.stdout

    def _make_image(self, user_data: bytes) -> None:
        image, identity = self._root / "image", self.imds.identity
        for name in ("shutdown", "poweroff", "halt"):
            content = shutdown_program(f"http://127.0.0.1:{_ENDPOINT_PORT}", identity.instance_id)
            write_program(image / "usr/local/sbin" / name, content)
        write_program(image / "var/lib/cloud/instance/user-data.txt", script_of(user_data))
        variables = {
            "RLROBO_PYTHON": sys.executable,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{_ENDPOINT_PORT}",
            **self._variables,
        }
        (image / "etc").mkdir()
        (image / "etc/environment").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
        name = f"ip-{identity.address.replace('.', '-')}"
        (image / "etc/hostname").write_text(f"{name}\n")
        (image / "etc/hosts").write_text(f"127.0.0.1 localhost {name}\n")
        if identity.public_address:
            write_sshd(image)

    def _listen(self, address: str, port: int) -> socket.socket:
        """Return a socket that listens on an address of the machine; its server may be anywhere."""
        made: list[socket.socket] = []

        def listen() -> None:
            with open(f"/proc/{self._init_pid}/ns/net", "rb") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.create_server((address, port), backlog=64))

        # Only the thread that asks changes its network, so it is one that ends at once.
        thread = threading.Thread(target=listen)
        thread.start()
        thread.join()
        return made[0]

    def environments(self) -> list[dict[str, str]]:
        found = []
        for pid in self._pids():
            with contextlib.suppress(psutil.Error):
                found.append(psutil.Process(pid).environ())
        return found

    def read(self, path: str) -> bytes:
        if not self._init_pid:
            return b""
        # The machine's own root file system is seen through one of its processes.
        file = Path(f"/proc/{self._init_pid}/root{self._root}/disk/root{path}")
        return file.read_bytes() if file.is_file() else b""

    def _signal_all(self, number: int) -> None:
        for pid in self._pids():
            with contextlib.suppress(OSError):
                os.kill(pid, number)

    def _pids(self) -> list[int]:
        own, found = os.readlink(f"/proc/{self._init_pid}/ns/pid"), []
        for pid in psutil.pids():
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/ns/pid") == own:
                    found.append(pid)
        return found
