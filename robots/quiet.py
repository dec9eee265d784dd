"""Keeps what compiled libraries print away from stdout, where only data belongs."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Send what the process writes to stdout to stderr; not for use while other threads print."""
    libc = ctypes.CDLL(None)
    sys.stdout.flush()
    saved = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
        libc.fflush(None)
    finally:
        os.dup2(saved, 1)
        os.close(saved)
