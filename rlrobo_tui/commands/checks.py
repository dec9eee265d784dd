"""What `rlrobo doctor` looks at. Each check is a function that returns what it saw and, if need be, the remedy.

None changes anything, except that the runs folder is written to and cleaned again.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from enum import Enum
from importlib import metadata
from pathlib import Path

import msgspec
import psutil
from msgspec import Struct

from engine.protocol.errors import ConfigError, DisplayError
from engine.protocol.provenance import PACKAGES, package_versions, usable_cpus
from engine.protocol.settings import VARIABLES, read_settings
from engine.replay.display import require_display

LOW_DISK_BYTES = 2 * 10**9
LOW_MEMORY_BYTES = 2 * 10**9
TRIAL_BYTES = 1 << 20
"""A full disk takes an empty file; this is about a checkpoint."""
CHILD_TIMEOUT_S = 60.0
# Where this package is installed; Python looks for modules in the working directory first.
_ROOT = Path(__file__).parents[2]


class Verdict(str, Enum):
    """How a check went."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


class Check(Struct, frozen=True, kw_only=True):
    """What one check found."""

    name: str
    """What was looked at."""
    verdict: Verdict
    """Whether it is fit for use; only a failure stops training."""
    seen: str
    """What was found."""
    fix: str = ""
    """What to do about it."""


def check_python() -> Check:
    """PyBullet's wheels decide which Pythons work."""
    seen = f"{sys.version.split()[0]} at {sys.executable}"
    if (3, 10) <= sys.version_info[:2] < (3, 12):
        return Check(name="python", verdict=Verdict.OK, seen=seen)
    return Check(name="python", verdict=Verdict.FAILURE, seen=seen, fix="make a venv with Python 3.10 or 3.11")


def check_packages() -> Check:
    """Every package that a result depends on is installed."""
    versions = package_versions()
    seen = ", ".join(f"{name} {version}" for name, version in versions.items())
    missing = [name for name in PACKAGES if name not in versions]
    if missing:
        fix = f"python -m pip install {' '.join(missing)}"
        return Check(name="packages", verdict=Verdict.FAILURE, seen=f"missing: {', '.join(missing)}", fix=fix)
    return Check(name="packages", verdict=Verdict.OK, seen=seen)


def check_training() -> Check:
    """Torch and PyBullet load, and which devices torch sees. Takes seconds."""
    program = (
        "import torch, robots.simulation, engine.worker.algorithms;"
        "print('gpu=' + (torch.cuda.get_device_name(0) if torch.cuda.is_available() else ''))"
    )
    code, output = _run([sys.executable, "-c", program])
    if code:
        last = (output.splitlines() or ["no output"])[-1]
        fix = "install rlrobo again in a new venv: python -m pip install rlrobo"
        return Check(name="training", verdict=Verdict.FAILURE, seen=last, fix=fix)
    return _judge_gpu(output.partition("gpu=")[2].strip())


def _judge_gpu(torch_gpu: str) -> Check:
    if torch_gpu:
        return Check(name="training", verdict=Verdict.OK, seen=f"torch and PyBullet load; torch uses {torch_gpu}")
    driver_gpu = _driver_gpu()
    if driver_gpu:
        return Check(
            name="training",
            verdict=Verdict.WARNING,
            seen=f"torch and PyBullet load; the driver shows {driver_gpu}, torch cannot use it",
            fix="install a CUDA build of torch, as https://pytorch.org/get-started says for this driver",
        )
    return Check(name="training", verdict=Verdict.OK, seen="torch and PyBullet load; no GPU, so training uses the CPU")


def check_hardware() -> Check:
    """Processors and memory."""
    memory = psutil.virtual_memory()
    seen = f"{usable_cpus()} CPUs, {memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB memory free"
    if memory.available < LOW_MEMORY_BYTES:
        fix = "close other programs, or train with fewer environments (--envs)"
        return Check(name="hardware", verdict=Verdict.WARNING, seen=seen, fix=fix)
    return Check(name="hardware", verdict=Verdict.OK, seen=seen)


def check_runs_dir() -> Check:
    """Runs can be written, and there is room for them."""
    runs_dir = read_settings().runs_dir
    existing = next(path for path in (runs_dir, *runs_dir.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(bytes(TRIAL_BYTES))
            file.flush()
            free_bytes = shutil.disk_usage(existing).free
    except OSError as err:
        fix = "free some space, or choose another place with RLROBO_RUNS_DIR"
        seen = f"{existing}: cannot be written ({err.strerror})"
        return Check(name="runs", verdict=Verdict.FAILURE, seen=seen, fix=fix)
    seen = f"{runs_dir} can be written, {free_bytes / 1e9:.1f} GB free"
    if free_bytes < LOW_DISK_BYTES:
        return Check(name="runs", verdict=Verdict.WARNING, seen=seen, fix="free some space, or set RLROBO_RUNS_DIR")
    return Check(name="runs", verdict=Verdict.OK, seen=seen)


def check_display() -> Check:
    """A replay window can be opened."""
    try:
        require_display()
    except DisplayError as err:
        seen, _, fix = str(err).rstrip(".").partition("; ")
        return Check(name="display", verdict=Verdict.WARNING, seen=seen, fix=fix)
    return Check(name="display", verdict=Verdict.OK, seen=os.environ.get("DISPLAY", "the system's own"))


def check_terminal() -> Check:
    """The app can draw here."""
    term, size = os.environ.get("TERM", ""), shutil.get_terminal_size((0, 0))
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    colours = "no colour (NO_COLOR)" if "NO_COLOR" in os.environ else os.environ.get("COLORTERM", "") or "256 colours"
    screen = f"{size.columns}x{size.lines}" if size.columns else "stdout is no terminal"
    seen = f"TERM={term or '(not set)'}, {encoding}, {colours}, {screen}"
    if term in ("", "dumb"):
        fix = "use a terminal that can draw, or `rlrobo watch --plain`"
        return Check(name="terminal", verdict=Verdict.WARNING, seen=seen, fix=fix)
    if not encoding.replace("-", "").startswith("utf"):
        fix = "set a UTF-8 locale such as LANG=C.UTF-8, or RLROBO_ASCII=1"
        return Check(name="terminal", verdict=Verdict.WARNING, seen=seen, fix=fix)
    if 0 < size.columns < 80 or 0 < size.lines < 24:
        return Check(name="terminal", verdict=Verdict.WARNING, seen=seen, fix="enlarge it to 80x24 or more")
    return Check(name="terminal", verdict=Verdict.OK, seen=seen)


def check_video() -> Check:
    """ffmpeg for `rlrobo replay --video`."""
    fix = "python -m pip install --force-reinstall imageio-ffmpeg"
    try:
        version = metadata.version("imageio-ffmpeg")
    except metadata.PackageNotFoundError:
        return Check(name="video", verdict=Verdict.WARNING, seen="imageio-ffmpeg is not installed", fix=fix)
    program = "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_version())"
    code, output = _run([sys.executable, "-c", program])
    if code:
        return Check(name="video", verdict=Verdict.WARNING, seen="no ffmpeg that runs", fix=fix)
    return Check(name="video", verdict=Verdict.OK, seen=f"ffmpeg {output.split()[0]} (imageio-ffmpeg {version})")


def check_settings() -> Check:
    """The environment's settings are well-formed."""
    try:
        settings = msgspec.to_builtins(read_settings(), enc_hook=str)
    except ConfigError as err:
        return Check(name="settings", verdict=Verdict.FAILURE, seen=str(err), fix="correct or unset it")
    given = [f"{name}={settings[key]}" for name, key in VARIABLES.items() if os.environ.get(name)]
    return Check(name="settings", verdict=Verdict.OK, seen=", ".join(given) or "none set; all defaults")


CHECKS: tuple[Callable[[], Check], ...] = (
    check_settings,
    check_python,
    check_packages,
    check_training,
    check_hardware,
    check_runs_dir,
    check_terminal,
    check_display,
    check_video,
)


def _driver_gpu() -> str:
    """Return the GPU that the driver shows, or an empty text."""
    if shutil.which("nvidia-smi"):
        code, output = _run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"])
        if code == 0 and output.strip():
            return output.splitlines()[0].strip()
    return "an NVIDIA device (/dev/nvidia0)" if Path("/dev/nvidia0").exists() else ""


def _run(command: list[str]) -> tuple[int, str]:
    try:
        result = subprocess.run(
            command, cwd=_ROOT, capture_output=True, text=True, timeout=CHILD_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        return 1, str(err)
    return result.returncode, result.stdout.strip() or result.stderr.strip()
