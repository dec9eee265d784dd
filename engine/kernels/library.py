"""Compile the C files beside this one where there is a compiler, once for each machine, and load them.

Threads that make many small calls of NumPy wait for each other's turn at the interpreter; these calls are few and need
no turn. Without a compiler, or with another BLAS than that of NumPy's wheels, NumPy does the same.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from engine.protocol.settings import read_settings

FOLDER = Path(__file__).parent
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fPIC", "-shared", "-pthread")
"""Contraction would round once where NumPy rounds twice."""
TIMEOUT_S = 60.0
BLAS_FILES = ("numpy.libs/libscipy_openblas64_*", "numpy/.dylibs/libscipy_openblas64_*")
"""Below site-packages: NumPy's wheels for Linux and macOS."""


class Kernels:
    """The compiled functions, and the products that they call."""

    def __init__(self, library: ctypes.CDLL, blas: ctypes.CDLL) -> None:
        """Raises AttributeError where a function is missing."""
        self.sgemm, self.sgemv = (
            ctypes.cast(function, ctypes.c_void_p).value
            for function in (blas.scipy_cblas_sgemm64_, blas.scipy_cblas_sgemv64_)
        )
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        arguments = {
            "forward": (pointer, number, pointer),
            "backward": (pointer, number, pointer),
            "descend": (pointer, number, pointer),
            "regress": (pointer, number, pointer, pointer, ctypes.c_float, pointer, pointer),
            "run_pass": (pointer, ctypes.c_int),
            "begin_td3_step": (pointer, pointer),
            "run_td3_step": (pointer, pointer),
            "begin_sac_step": (pointer, pointer),
            "run_sac_step": (pointer, pointer),
            "await": (pointer,),
        }
        for name, types in arguments.items():
            function = getattr(library, name)
            function.argtypes, function.restype = types, None
        self.forward, self.backward, self.descend = library.forward, library.backward, library.descend
        self.regress, self.run_pass = library.regress, library.run_pass
        self.begin_td3_step, self.run_td3_step = library.begin_td3_step, library.run_td3_step
        self.begin_sac_step, self.run_sac_step = library.begin_sac_step, library.run_sac_step
        self._open_helper, self.await_helper = library.open_helper, getattr(library, "await")
        self._open_helper.restype = pointer
        self._helper: tuple[int, int | None] = (0, None)

    def helper(self) -> int | None:
        """Return the thread of helper.c that this process has; None where there can be none."""
        if self._helper[0] != os.getpid():  # a fork has no threads of its parent's
            self._helper = os.getpid(), self._open_helper()
        return self._helper[1]


@cache
def load_kernels() -> Kernels | None:
    """Return the functions, compiled now if they never were; None where that cannot be, or RLROBO_COMPILE is 0."""
    if not read_settings().compile:
        return None
    try:
        blas = _find_blas()
        return Kernels(ctypes.CDLL(str(_compiled())), blas) if blas else None
    except (OSError, subprocess.SubprocessError, AttributeError):  # no compiler, one that fails, no such function
        return None


def multiply_on_one_thread() -> None:
    """Let NumPy's products use one thread, as OPENBLAS_NUM_THREADS=1 does where it is set before NumPy is loaded."""
    blas = _find_blas()
    if blas is not None:
        blas.scipy_openblas_set_num_threads64_(1)


def address(array: np.ndarray) -> int:
    """Return where an array begins; it must live as long as that is used."""
    return array.__array_interface__["data"][0]


def _find_blas() -> ctypes.CDLL | None:
    """Return NumPy's own BLAS library, which is loaded already."""
    site_packages = Path(np.__file__).parent.parent
    for pattern in BLAS_FILES:
        for path in site_packages.glob(pattern):
            return ctypes.CDLL(str(path))
    return None


def _compiled() -> Path:
    """Return the library for these files and this processor. Raises OSError and SubprocessError."""
    compiler = shutil.which(os.environ.get("CC") or "cc")
    if compiler is None:
        raise FileNotFoundError("no C compiler")
    files = sorted([*FOLDER.glob("*.c"), *FOLDER.glob("*.h")])
    texts = (file.read_text(encoding="utf-8") for file in files)
    key = hashlib.sha256("\n".join((*texts, *FLAGS, _processor())).encode()).hexdigest()
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rlrobo"
    library = folder / f"kernels-{key[:16]}.so"
    if library.is_file():
        return library
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:  # renamed when whole: engines may start together
        made = Path(scratch) / library.name
        sources = [str(file) for file in files if file.suffix == ".c"]
        command = [compiler, *FLAGS, *sources, "-o", str(made), "-lm"]
        subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL)
        made.replace(library)
    return library


def _processor() -> str:
    """Return what -march=native depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return f"{platform.machine()} {platform.processor()}"
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
