"""Heights of uneven ground, made of a Terrain; knows no physics engine.

Tile k of a terrain has its centre at x = k * tile_m, y = 0. Around all tiles there is a level border, so that a robot
that leaves them still has ground below its feet. The kinds of ground are those of legged_gym (utils/terrain.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from robots.errors import TaskDefinitionError, suggest

if TYPE_CHECKING:
    from robots.scene import Terrain

BORDER_M = 1.0
"""Chosen: more than a quadruped reaches with its base over the edge."""


@dataclass(frozen=True, kw_only=True)
class HeightField:
    """Heights on a square grid. The point [0, 0] is at the corner of smallest x and y."""

    heights_m: np.ndarray
    """(num_x, num_y)."""
    cell_m: float
    corner_xy_w: tuple[float, float]

    def height_m(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the height below each point of the world; beyond the edge, that of the edge.

        Each cell is two triangles that meet in the diagonal from (x + 1, y) to (x, y + 1), as in Bullet's
        btHeightfieldTerrainShape, so that the ground is where the physics has it.
        """
        if self.heights_m.size == 1:
            level = np.empty(np.shape(x))
            level.fill(self.heights_m[0, 0])  # np.full takes three times as long
            return level
        column, ahead = self._cell(x, axis=0)
        row, aside = self._cell(y, axis=1)
        heights = self.heights_m
        near_x, near_y = heights[column + 1, row], heights[column, row + 1]
        near, far = heights[column, row], heights[column + 1, row + 1]
        lower = near + ahead * (near_x - near) + aside * (near_y - near)
        upper = far + (1.0 - ahead) * (near_y - far) + (1.0 - aside) * (near_x - far)
        return np.where(ahead + aside <= 1.0, lower, upper)

    def _cell(self, coordinate: np.ndarray, *, axis: int) -> tuple[np.ndarray, np.ndarray]:
        last = self.heights_m.shape[axis] - 1
        at = np.clip((coordinate - self.corner_xy_w[axis]) / self.cell_m, 0.0, last)
        index = np.minimum(at.astype(np.int64), last - 1)
        return index, at - index


FLAT = HeightField(heights_m=np.zeros((1, 1)), cell_m=1.0, corner_xy_w=(0.0, 0.0))


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A square of a terrain whose heights are to be made."""

    index: int
    """Counts along x."""
    side_m: float
    num_points: int
    """Heights along a side, both edges included."""
    step_m: float
    """How uneven it is: half the range of random heights, or the height of a step."""


def make_height_field(terrain: Terrain) -> HeightField:
    """Return the heights of a terrain; the same ones each time. Raises TaskDefinitionError."""
    generator, params = _kind(terrain)
    num_cells = round(terrain.tile_m / terrain.cell_m)
    if abs(num_cells * terrain.cell_m - terrain.tile_m) > 1e-6 * terrain.tile_m:
        raise TaskDefinitionError(
            f"terrain: tile_m: {terrain.tile_m} is no whole multiple of cell_m = {terrain.cell_m}"
        )
    border = round(BORDER_M / terrain.cell_m)
    heights = np.zeros((terrain.num_tiles * num_cells + 1 + 2 * border, num_cells + 1 + 2 * border))
    rng = np.random.default_rng(terrain.seed)
    steps_m = np.linspace(params["low_m"], params["high_m"], terrain.num_tiles)
    for index, step_m in enumerate(steps_m.tolist()):
        tile = Tile(index=index, side_m=terrain.tile_m, num_points=num_cells + 1, step_m=step_m)
        begin = border + index * num_cells
        heights[begin : begin + num_cells + 1, border:-border] = generator(tile, params, rng)
    corner = -terrain.tile_m / 2 - border * terrain.cell_m
    return HeightField(heights_m=heights, cell_m=terrain.cell_m, corner_xy_w=(corner, corner))


def rough(tile: Tile, params: Mapping[str, float], rng: np.random.Generator) -> np.ndarray:
    """Return heights drawn from ±step_m, `patch_m` apart and interpolated (legged_gym's random_uniform_terrain)."""
    num_patches = max(round(tile.side_m / params["patch_m"]), 1)
    drawn = rng.uniform(-tile.step_m, tile.step_m, (num_patches + 1, num_patches + 1))
    return _interpolate(_interpolate(drawn, tile.num_points).T, tile.num_points).T


def stairs(tile: Tile, params: Mapping[str, float], rng: np.random.Generator) -> np.ndarray:
    """Return stairs around a level middle, towards which even tiles rise and odd ones sink.

    A step is step_m high and `depth_m` deep (legged_gym's pyramid_stairs_terrain).
    """
    half = tile.side_m / 2
    along = np.abs(np.linspace(-half, half, tile.num_points))
    from_middle = np.maximum(np.maximum(along[:, None], along), params["platform_m"] / 2)
    num_steps = np.floor((half - from_middle) / params["depth_m"] + 1e-6)
    return num_steps * (tile.step_m if tile.index % 2 == 0 else -tile.step_m)


Generator = Callable[[Tile, Mapping[str, float], np.random.Generator], np.ndarray]

KINDS: dict[str, tuple[Generator, dict[str, float]]] = {
    "rough": (rough, {"low_m": 0.01, "high_m": 0.05, "patch_m": 0.2}),
    "stairs": (stairs, {"low_m": 0.02, "high_m": 0.12, "depth_m": 0.3, "platform_m": 2.0}),
}
"""Each kind's function and parameters; low_m is step_m on the first tile, high_m on the last one.

legged_gym's figures, but for the steps, which go up to 0.23 m there: chosen for robots with legs of 0.4 m.
"""


def _kind(terrain: Terrain) -> tuple[Generator, dict[str, float]]:
    if terrain.kind not in KINDS:
        raise TaskDefinitionError(f"terrain: kind: no such kind {terrain.kind!r}{suggest(terrain.kind, KINDS)}")
    generator, defaults = KINDS[terrain.kind]
    for name in terrain.params:
        if name not in defaults:
            known = suggest(name, defaults)
            raise TaskDefinitionError(f"terrain: params.{name}: {terrain.kind} has no such parameter{known}")
    return generator, {**defaults, **terrain.params}


def _interpolate(values: np.ndarray, num_points: int) -> np.ndarray:
    at, grid = np.linspace(0, len(values) - 1, num_points), np.arange(len(values))
    return np.stack([np.interp(at, grid, column) for column in values.T], axis=1)
