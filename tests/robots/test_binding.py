"""Names in a term's parameters become what reads their columns fastest, in the order of the names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from robots.binding import _compact

COLUMNS = np.arange(20)


@pytest.mark.parametrize("indices", [(3,), (0, 1, 2), (5, 10, 15), (3, 2, 1, 0), (16, 14, 12), (4, 0), (0, 19)])
def test_evenly_spaced_columns_are_a_slice(indices: tuple[int, ...]) -> None:
    found: Any = _compact(indices)
    assert isinstance(found, slice)
    assert tuple(COLUMNS[found]) == indices


@pytest.mark.parametrize("indices", [(14, 12, 8, 6), (0, 1, 3), (2, 2), (1, 2, 1), (0, 3, 0, 3)])
def test_other_columns_keep_their_order_too(indices: tuple[int, ...]) -> None:
    found: Any = _compact(indices)
    assert isinstance(found, np.ndarray)
    assert tuple(COLUMNS[found]) == indices


def test_the_same_columns_are_the_same_object() -> None:
    assert _compact((1, 2, 4)) is _compact((1, 2, 4))
    assert _compact((1, 2, 3)) is _compact((1, 2, 3))
