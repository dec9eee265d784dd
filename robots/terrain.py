"""Heights of uneven ground, made of a Terrain; knows no physics engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class HeightField:
    """Heights on a square grid. The cell [0, 0] is at the corner of smallest x and y."""

    heights_m: np.ndarray
    """(num_x, num_y)."""
    cell_m: float
    corner_xy_w: tuple[float, float]

    def height_m(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the height of the nearest cell below each point of the world; beyond the edge, of the edge's cell."""
        if self.heights_m.size == 1:
            return np.full(np.shape(x), self.heights_m[0, 0])
        num_x, num_y = self.heights_m.shape
        column = np.clip(np.rint((x - self.corner_xy_w[0]) / self.cell_m).astype(np.int64), 0, num_x - 1)
        row = np.clip(np.rint((y - self.corner_xy_w[1]) / self.cell_m).astype(np.int64), 0, num_y - 1)
        return self.heights_m[column, row]


FLAT = HeightField(heights_m=np.zeros((1, 1)), cell_m=1.0, corner_xy_w=(0.0, 0.0))
