"""A little disk space kept back, so that an engine on a full disk can still say that the disk is full."""

import contextlib
from pathlib import Path

SIZE_BYTES = 256 << 10
"""chosen: room for hundreds of events."""


class Reserve:
    """A file of zeros in the run directory; deleting it makes room."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_released = False
        """Whether the space was needed."""

    def fill(self) -> None:
        """Take the space, as far as there is any."""
        self.is_released = False
        with contextlib.suppress(OSError):  # what fits is kept
            self._path.write_bytes(bytes(SIZE_BYTES))

    def release(self) -> bool:
        """Give the space back; return whether there was some."""
        is_there = self._path.exists()
        self.is_released = True
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
        return is_there
