"""Errors that a user or a caller can act on.

    RlroboError                 a sentence for the user; exit code 1
    ├── UsageError              the request was wrong; exit code 2
    │   ├── ConfigError         a value in a YAML file, an option or a variable
    │   ├── UnknownNameError    a task, algorithm, preset or run that does not exist
    │   └── NotARunError        a directory that is not a run
    ├── RunBusyError            another engine holds the run; exit code 3, try again later
    ├── CheckpointError         a checkpoint that is missing or does not verify
    ├── StorageError            the disk is full, read-only or not ours
    ├── ProcessDiedError        a process that the engine needs was killed
    ├── DeviceError             a GPU refuses what training wants of it
    └── DisplayError            a window was asked for where there is no display

Every message says where, what was seen, what is allowed and what to do next.
"""

import difflib
import errno
from collections.abc import Iterable
from pathlib import Path


class RlroboError(Exception):
    """Base of every error that is shown as a sentence instead of a traceback."""

    exit_code = 1


class UsageError(RlroboError):
    """The request cannot be carried out as it was made."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting is unknown, malformed or out of range."""

    def __init__(self, source: str, key: str, problem: str) -> None:
        self.source = source
        self.key = key
        where = f"{source}: {key}" if key else source
        super().__init__(f"{where}: {problem}")


class UnknownNameError(UsageError):
    """A name that is not in a closed list; the message offers the nearest ones."""

    def __init__(self, kind: str, value: str, allowed: Iterable[str], hint: str = "") -> None:
        names = list(allowed)
        message = f"unknown {kind} {value!r}{did_you_mean(value, names)}"
        if names:
            message += f" Known: {', '.join(names[:20])}{' …' if len(names) > 20 else ''}."
        super().__init__(f"{message} {hint}".strip())


class NotARunError(UsageError):
    """A path that is not a run directory."""


class RunBusyError(RlroboError):
    """A second engine was started for a run that one already works on."""

    exit_code = 3


class CheckpointError(RlroboError):
    """A checkpoint is missing, incomplete or was changed after it was written."""


class DeviceError(RlroboError):
    """A GPU, or torch on it, cannot do what training wants."""


class StorageError(RlroboError):
    """The file system refused to keep what was written."""

    @classmethod
    def from_os_error(cls, err: OSError, path: Path) -> "StorageError":
        """Explain `err`, which was raised while writing `path`."""
        advice = {
            errno.ENOSPC: "the disk is full; free some space",
            errno.EDQUOT: "your disk quota is used up; free some space",
            errno.EROFS: "the file system is read-only; choose another place with RLROBO_RUNS_DIR",
            errno.EACCES: "permission denied; choose another place with RLROBO_RUNS_DIR",
            errno.EPERM: "not permitted; choose another place with RLROBO_RUNS_DIR",
            errno.ENOTDIR: "a part of this path is a file; choose another place with RLROBO_RUNS_DIR",
        }.get(err.errno or 0, f"{err.strerror or err}; choose another place with RLROBO_RUNS_DIR")
        return cls(f"{path}: cannot write: {advice}. What was saved before is untouched.")


class ProcessDiedError(RlroboError):
    """A process that the engine needs was killed, or died."""


class DisplayError(RlroboError):
    """A window was asked for and there is no display to open it on."""


def is_full(err: BaseException | None) -> bool:
    """Whether an error, or the one that caused it, says that a disk or a quota is full."""
    cause = err.__cause__ if isinstance(err, StorageError) else err
    return isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)


def did_you_mean(value: str, allowed: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest allowed name (or the one that `lr` abbreviates), or a full stop."""
    names = list(allowed)
    abbreviated = [name for name in names if value == "".join(part[:1] for part in name.split("_"))]
    nearest = abbreviated or difflib.get_close_matches(value, names, n=1, cutoff=0.5)
    return f"; did you mean {nearest[0]!r}?" if nearest else "."
