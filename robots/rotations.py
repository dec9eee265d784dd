"""Rotations of many bodies at once. Quaternions are x, y, z, w."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robots.small import any_true


def compose(outer: Sequence[float], inner: Sequence[float]) -> tuple[float, float, float, float]:
    """Return the rotation that turns by the quaternion `inner`, then by `outer`."""
    ax, ay, az, aw = outer
    bx, by, bz, bw = inner
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def inverse(quaternion: Sequence[float]) -> tuple[float, float, float, float]:
    """Return the rotation that undoes a unit quaternion's."""
    x, y, z, w = quaternion
    return (-x, -y, -z, w)


def rotate_into_body(quaternion_w: np.ndarray, vector_w: np.ndarray) -> np.ndarray:
    """Return world vectors (num_envs, 3) in the body's frame; quaternion (num_envs, 4)."""
    axis, scalar = -quaternion_w[:, :3], quaternion_w[:, 3:]
    twice_cross = 2.0 * _cross(axis, vector_w)
    return vector_w + scalar * twice_cross + _cross(axis, twice_cross)


def down_in_body(quaternion_w: np.ndarray) -> np.ndarray:
    """Return the direction of gravity in the body's frame (num_envs, 3), a unit vector."""
    x, y, z, w = quaternion_w.T
    return np.array((2.0 * (w * y - x * z), -2.0 * (w * x + y * z), 2.0 * (x * x + y * y) - 1.0)).T


def roll_pitch_yaw(quaternion_w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the angles (rad), each (num_envs,), of rotations about x, then y, then z.

    Where the pitch is ±90 degrees only the sum of roll and yaw is known; roll is then 0, as in Bullet.
    """
    x, y, z, _ = columns = quaternion_w.T.copy()
    x2, y2, _, w2 = columns + columns
    xx, yy, zz, ww = columns * columns
    sine = w2 * y - x2 * z
    roll = np.arctan2(y2 * z + w2 * x, ww - xx - yy + zz)
    yaw = np.arctan2(x2 * y + w2 * z, ww + xx - yy - zz)
    is_vertical = np.abs(sine) >= 0.99999  # Bullet's threshold
    if any_true(is_vertical):
        sign = np.sign(sine)
        sine = np.where(is_vertical, sign, sine)
        roll = np.where(is_vertical, 0.0, roll)
        yaw = np.where(is_vertical, -2.0 * sign * np.arctan2(x, sign * y), yaw)
    return roll, np.arcsin(sine), yaw


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    # np.cross costs four times as much for few rows
    ax, ay, az = a.T
    bx, by, bz = b.T
    return np.array((ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)).T
