"""Pictures of robots for a page of characters: read from small PNG files and shrunk with the standard library alone.

The pictures of built-in tasks are in robots/pictures/, which `python docs/robots_page.py --pictures` draws.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

NUM_SAMPLES = 4
"""At most so many pixels across and down are averaged into one; chosen: more look the same and take longer."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB8 = (8, 2, 0, 0, 0)
"""Bit depth, colour type, compression, filters, interlacing, as robots/png.py writes them."""


@dataclass(frozen=True)
class Picture:
    """Rows of pixels."""

    width: int
    height: int
    rgb: bytes
    """Three bytes a pixel, row by row."""


def picture_of(task: str) -> Picture | None:
    """Return the picture of a built-in task; None for any other."""
    path = resources.files("robots") / "pictures" / f"{task}.png"
    return decode_png(path.read_bytes()) if path.is_file() else None


def read_picture(path: Path) -> Picture | None:
    """Return the picture in a file; None where there is none that we wrote."""
    try:
        return decode_png(path.read_bytes())
    except OSError:
        return None


def decode_png(data: bytes) -> Picture | None:
    """Return the picture that robots/png.py encoded; None for any other file."""
    if not data.startswith(_SIGNATURE):
        return None
    chunks = dict(_chunks(data))
    try:
        width, height, *form = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
        raw = zlib.decompress(chunks[b"IDAT"])
    except (KeyError, struct.error, zlib.error):
        return None
    stride = 1 + 3 * width  # each row begins with its filter
    if tuple(form) != _RGB8 or len(raw) != height * stride or any(raw[::stride]):
        return None
    rows = (raw[start + 1 : start + stride] for start in range(0, len(raw), stride))
    return Picture(width, height, b"".join(rows))


def shrink(picture: Picture, *, width: int, height: int) -> Picture:
    """Return the picture with fewer pixels, each the mean of those that it stands for."""
    columns = [_samples(index, width, picture.width) for index in range(width)]
    result = bytearray()
    for index in range(height):
        rows = [3 * picture.width * row for row in _samples(index, height, picture.height)]
        for column in columns:
            places = [row + 3 * each for row in rows for each in column]
            result += bytes(sum(picture.rgb[place + part] for place in places) // len(places) for part in range(3))
    return Picture(width, height, bytes(result))


def fit(picture: Picture, *, columns: int, lines: int) -> Picture:
    """Return the picture as large as it fits into so many characters, two pixels in each; never larger than it is."""
    scale = min(columns / picture.width, 2 * lines / picture.height, 1.0)
    width = max(1, int(picture.width * scale))
    height = max(2, int(picture.height * scale) // 2 * 2)
    return picture if scale == 1.0 else shrink(picture, width=width, height=height)


def _samples(index: int, count: int, size: int) -> list[int]:
    """Return some of the pixels, of `size`, that pixel `index` of `count` stands for."""
    first, last = index * size // count, max(index * size // count + 1, (index + 1) * size // count)
    step = max(1, (last - first) // NUM_SAMPLES)
    return list(range(first, last, step))[:NUM_SAMPLES]


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_SIGNATURE)
    while place + 12 <= len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        yield kind, data[place + 8 : place + 8 + size]
        place += 12 + size
