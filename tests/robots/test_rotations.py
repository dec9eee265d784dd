"""Quaternions that turn one after the other; each is x, y, z, w."""

from __future__ import annotations

import math

import numpy as np
import pytest

from robots.bullet.client import p
from robots.rotations import compose, inverse

HALF = math.sqrt(0.5)
ABOUT_X, ABOUT_Z = (HALF, 0.0, 0.0, HALF), (0.0, 0.0, HALF, HALF)
"""Quarter turns."""


def test_the_inner_rotation_turns_first() -> None:
    """About x, y becomes z; then about z, z stays. About z, y becomes -x; then about x, -x stays."""
    np.testing.assert_allclose(turned(compose(ABOUT_Z, ABOUT_X), (0, 1, 0)), (0, 0, 1), atol=1e-12)
    np.testing.assert_allclose(turned(compose(ABOUT_X, ABOUT_Z), (0, 1, 0)), (-1, 0, 0), atol=1e-12)


def test_a_rotation_and_its_inverse_do_nothing() -> None:
    assert compose(ABOUT_X, inverse(ABOUT_X)) == pytest.approx((0, 0, 0, 1))


def test_it_composes_as_the_physics_engine_does() -> None:
    outer, inner = (0.1, 0.7, -0.1, 0.7), (0.5, -0.5, 0.5, 0.5)
    expected = p.multiplyTransforms((0, 0, 0), outer, (0, 0, 0), inner)[1]
    np.testing.assert_allclose(compose(outer, inner), expected, atol=1e-6)


def turned(quaternion: tuple[float, ...], vector: tuple[float, ...]) -> np.ndarray:
    return np.reshape(p.getMatrixFromQuaternion(quaternion), (3, 3)) @ vector
