"""Pictures are read as they were written and shrunk to the means of their pixels."""

from pathlib import Path

import numpy as np
import pytest

from rlrobo_tui.robot_pictures import Picture, decode_png, fit, picture_of, read_picture, shrink
from robots.png import encode_png
from robots.registry import TASKS


def test_a_picture_is_read_as_it_was_written() -> None:
    pixels = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    assert decode_png(encode_png(pixels)) == Picture(7, 5, pixels.tobytes())


@pytest.mark.parametrize("task_id", TASKS)
def test_every_built_in_task_has_a_picture(task_id: str) -> None:
    picture = picture_of(task_id)
    assert picture is not None, "run `python docs/robots_page.py --pictures`"
    assert (picture.width, picture.height) == (96, 64)
    assert len(set(picture.rgb)) > 10  # something is on it


def test_no_picture_is_of_a_task_that_is_gone() -> None:
    folder = Path(__file__).parents[2] / "robots" / "pictures"
    assert {path.stem for path in folder.iterdir()} == set(TASKS)


def test_a_task_that_nobody_drew_has_none() -> None:
    assert picture_of("somebody_else") is None


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", encode_png(np.zeros((2, 2, 3), np.uint8))[:50]])
def test_what_is_no_picture_of_ours_is_none(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    assert read_picture(path) is None
    assert read_picture(tmp_path / "nowhere.png") is None


def test_a_smaller_picture_has_the_means_of_the_pixels() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[:2, :2] = [[[0, 10, 20], [40, 10, 20]], [[0, 10, 20], [40, 10, 20]]]
    small = shrink(Picture(4, 4, pixels.tobytes()), width=2, height=2)
    assert small == Picture(2, 2, bytes([20, 10, 20, *[0] * 9]))


@pytest.mark.parametrize(
    ("columns", "lines", "size"), [(96, 32, (96, 64)), (200, 60, (96, 64)), (48, 40, (48, 32)), (90, 10, (30, 20))]
)
def test_it_is_as_large_as_it_fits(columns: int, lines: int, size: tuple[int, int]) -> None:
    picture = fit(Picture(96, 64, bytes(96 * 64 * 3)), columns=columns, lines=lines)
    assert (picture.width, picture.height) == size
