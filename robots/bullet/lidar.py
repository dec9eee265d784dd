"""A lidar: rays from a robot's base, cast in one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from robots.bullet.client import p

if TYPE_CHECKING:
    from robots.scene import Lidar


class LidarReader:
    """Casts the rays of one robot. They turn with its heading and stay level."""

    def __init__(self, lidar: Lidar, *, robot: int, client: int) -> None:
        self._lidar = lidar
        self._robot = robot
        self._client = client
        half = np.deg2rad(lidar.field_of_view_deg) / 2
        is_closed = lidar.field_of_view_deg >= 360.0
        self._angles = np.linspace(-half, half, lidar.num_rays, endpoint=not is_closed)

    def read(self, position: Sequence[float], quaternion: Sequence[float]) -> list[float]:
        """Return the distance along each ray (m), for the base's pose."""
        lidar = self._lidar
        x, y, z, w = quaternion
        yaw = np.arctan2(2.0 * (x * y + w * z), w * w + x * x - y * y - z * z)
        angles = self._angles + yaw
        directions = np.stack((np.cos(angles), np.sin(angles), np.zeros_like(angles)), axis=1)
        ahead, left, up = lidar.offset_b
        cosine, sine = np.cos(yaw), np.sin(yaw)
        origin = np.add(position, (cosine * ahead - sine * left, sine * ahead + cosine * left, up))
        hits = p.rayTestBatch(
            (origin + lidar.min_range_m * directions).tolist(),
            (origin + lidar.range_m * directions).tolist(),
            physicsClientId=self._client,
        )
        span = lidar.range_m - lidar.min_range_m
        return [lidar.min_range_m + span * hit[2] for hit in hits]
