"""A metric's history at a glance: a fixed number of places of an event file is read, whatever its length."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from engine.protocol.events import Metrics, decode_event

_BLOCK_BYTES = 4096
"""chosen: holds an event of metrics of any task."""


def sample(path: Path, metric: str, *, num_points: int) -> list[tuple[int, float]]:
    """Return step and value of at most about `num_points` measurements, by ascending step; a missing file has none.

    What an engine trained again after a crash is left out the first time.
    """
    needle = f'"{metric}":'.encode()
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            lines = _spread(file, size, needle, num_points)
    except FileNotFoundError:
        return []
    points = [point for line in lines if (point := _point(line, metric))]
    kept: list[tuple[int, float]] = []
    for point in reversed(points):
        if not kept or point[0] < kept[-1][0]:
            kept.append(point)
    return kept[::-1]


def _spread(file: BinaryIO, size: int, needle: bytes, num_points: int) -> Sequence[bytes]:
    """Return lines that hold `needle`, from all over the file, its last one included."""
    if size <= num_points * _BLOCK_BYTES:
        file.seek(0)
        found = [line for line in file.read().splitlines() if needle in line]
        stride = -(-len(found) // num_points) or 1
        return found[(len(found) - 1) % stride :: stride] if found else []
    picked: list[bytes] = []
    for index in range(num_points):
        file.seek(index * (size - _BLOCK_BYTES) // max(1, num_points - 1))
        # The first line began before the block, unless the block is the file's first; it is not needed then either.
        within = [line for line in file.read(_BLOCK_BYTES).splitlines()[1:] if needle in line and line.endswith(b"}}")]
        picked += within[-1:]
    return picked


def _point(line: bytes, metric: str) -> tuple[int, float] | None:
    try:
        event = decode_event(line)
    except msgspec.DecodeError:
        return None
    value = event.values.get(metric) if isinstance(event, Metrics) else None
    return None if event is None or value is None else (event.step, value)
