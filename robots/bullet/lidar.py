"""A lidar: rays from a robot's base, cast in one call."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from robots.bullet.client import p

if TYPE_CHECKING:
    from robots.scene import Lidar

ROBOT_GROUP = 64
"""Collision group of the robot's links, which the rays pass through; Bullet's own groups go up to 32."""
EVERYTHING = -1


class LidarReader:
    """Casts the rays of one robot. They turn with its heading and stay level."""

    def __init__(self, lidar: Lidar, *, robot: int, client: int) -> None:
        """Let the rays of all lidars pass through the robot; it still collides with everything."""
        self._lidar = lidar
        self._client = client
        half = np.deg2rad(lidar.field_of_view_deg) / 2
        is_closed = lidar.field_of_view_deg >= 360.0
        angles = np.linspace(-half, half, lidar.num_rays, endpoint=not is_closed)
        self._rays_b = lidar.range_m * np.stack((np.cos(angles), np.sin(angles), np.zeros_like(angles)), axis=1)
        for link in range(-1, p.getNumJoints(robot, physicsClientId=client)):
            p.setCollisionFilterGroupMask(robot, link, ROBOT_GROUP, EVERYTHING, physicsClientId=client)

    def read(self, position: Sequence[float], quaternion: Sequence[float]) -> list[float]:
        """Return the distance along each ray (m), for the base's pose."""
        lidar = self._lidar
        x, y, z, w = quaternion
        yaw = math.atan2(2.0 * (x * y + w * z), w * w + x * x - y * y - z * z)
        cosine, sine = math.cos(yaw), math.sin(yaw)
        turn_w = np.array(((cosine, sine, 0.0), (-sine, cosine, 0.0), (0.0, 0.0, 1.0)))  # its rows: ahead, left, up
        origin_w = np.asarray(position) + np.asarray(lidar.offset_b) @ turn_w
        hits = p.rayTestBatch(
            [origin_w.tolist()] * lidar.num_rays,
            (origin_w + self._rays_b @ turn_w).tolist(),
            collisionFilterMask=EVERYTHING ^ ROBOT_GROUP,
            physicsClientId=self._client,
        )
        return [lidar.range_m * hit[2] for hit in hits]
