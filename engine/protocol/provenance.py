"""Where a run comes from: commit, versions, hardware, the command that was typed. Collected by the starter."""

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from msgspec import Struct

PACKAGES = (
    "rlrobo",
    "stable-baselines3",
    "sb3-contrib",
    "torch",
    "pybullet",
    "gymnasium",
    "numpy",
    "msgspec",
    "textual",
)


class Parent(Struct, frozen=True, kw_only=True):
    """The checkpoint that a run was forked from."""

    run: str
    """Id of the run."""
    step: int
    """Timestep of its checkpoint."""


class Provenance(Struct, frozen=True, kw_only=True):
    """Content of provenance.json."""

    command: list[str]
    """What was typed."""
    working_directory: str
    """Where it was typed."""
    commit: str | None
    """Commit of the git checkout there, None outside one."""
    is_dirty: bool | None
    """Whether that checkout had changes, None outside one."""
    python: str
    """Version of Python."""
    versions: dict[str, str]
    """Versions of the packages that matter for the result."""
    platform: str
    """Operating system and architecture."""
    processor: str
    """Name of the processor."""
    num_cpus: int
    """Logical processors that the process may use."""
    memory_bytes: int
    """Main memory."""
    parent: Parent | None = None
    """Where it was forked from, None for a run that began at the beginning."""


def collect_provenance(command: list[str] | None = None) -> Provenance:
    """Describe this process, its machine and the git checkout that it stands in."""
    import psutil  # who only reads runs goes without

    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain")
    return Provenance(
        command=command or [os.path.basename(sys.argv[0]), *sys.argv[1:]],
        working_directory=os.getcwd(),
        commit=commit or None,
        is_dirty=None if changes is None else bool(changes),
        python=platform.python_version(),
        versions=package_versions(),
        platform=platform.platform(),
        processor=processor_name(),
        num_cpus=usable_cpus(),
        memory_bytes=psutil.virtual_memory().total,
    )


def package_versions() -> dict[str, str]:
    """Return the installed versions of the packages that decide a run's result."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def usable_cpus() -> int:
    """Return the number of processors that this process may run on, and has time on in its container."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(allowed, _cpu_quota() or allowed)


def _cpu_quota(path: Path = CPU_LIMIT) -> int:
    """Return how many processors' time the control group has, rounded up; 0 where there is no limit."""
    try:
        quota, period = path.read_text().split()
    except (OSError, ValueError):  # not Linux, or version 1
        return 0
    return 0 if quota == "max" else max(1, -(-int(quota) // int(period)))


def _git(*arguments: str) -> str | None:
    try:
        result = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def processor_name() -> str:
    """Return the name of this machine's processor."""
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
