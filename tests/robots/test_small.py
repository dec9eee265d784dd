"""Questions about small arrays get the answers of .any() and .all()."""

from __future__ import annotations

import numpy as np
import pytest

from robots.small import all_finite, any_true


def test_one_true_element_anywhere_is_found() -> None:
    mask = np.zeros((3, 4), dtype=bool)
    assert not any_true(mask)
    for place in np.ndindex(mask.shape):
        mask[:] = False
        mask[place] = True
        assert any_true(mask)
        assert any_true(mask.T)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_element_that_is_not_finite_anywhere_is_found(bad: float, dtype: type[np.floating]) -> None:
    values = np.full((3, 4), np.finfo(dtype).max, dtype=dtype)
    assert all_finite(values)
    for place in np.ndindex(values.shape):
        values[:] = 0.0
        values[place] = bad
        assert not all_finite(values)
        assert not all_finite(values[:, ::-1])


def test_nothing_is_finite_and_not_true() -> None:
    assert all_finite(np.zeros((0, 3)))
    assert not any_true(np.zeros((0, 3), dtype=bool))
