"""What surrounds a robot: ground, terrain, objects and the viewer's camera. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class View(Enum):
    """What can be seen of a simulation. What nobody sees is not loaded: a robot's meshes are most of its memory."""

    NONE = "nothing"
    PICTURES = "pictures"
    WINDOW = "a window on the first environment"


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Where a viewer looks from."""

    distance_m: float
    yaw_deg: float = 45.0
    pitch_deg: float = -20.0
    follows_base: bool = True
    target_offset_w: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Point looked at, from the base (m); from the world's origin where the camera does not follow it."""


@dataclass(frozen=True, kw_only=True)
class Terrain:
    """Uneven ground: square tiles in a row along x, each harder than the one before; heights come from the seed.

    An environment of curriculum level 0 begins on the first tile, of level 1 on the last one. Each environment has a
    ground of its own, and PyBullet takes about 2 kB for each height; hence the sizes.
    """

    kind: str
    """Name of a generator in robots/terrain.py: rough, stairs."""
    params: Mapping[str, float] = field(default_factory=dict)
    """Of the generator."""
    tile_m: float = 6.0
    """Side of a tile, a whole multiple of cell_m."""
    num_tiles: int = 8
    cell_m: float = 0.1
    """Horizontal distance of two heights."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A static ground: a flat model, or terrain instead of it."""

    model: str = "pybullet_data/plane_implicit.urdf"
    lateral_friction: float = 1.0
    restitution: float = 0.0
    terrain: Terrain | None = None


class ObjectKind(Enum):
    """What an object does."""

    FREE = "moves and is pushed"
    FIXED = "stands where a reset puts it"
    GHOST = "is only drawn"


@dataclass(frozen=True, kw_only=True)
class ObjectSpec:
    """A thing beside the robot: a cube, a table, an obstacle, a goal's marker."""

    name: str
    size_m: tuple[float, ...]
    """Half extents of a box (x, y, z), radius of a sphere, radius and height of a cylinder."""
    shape: str = "box"
    """box, sphere or cylinder."""
    kind: ObjectKind = ObjectKind.FREE
    mass_kg: float = 1.0
    """Of a free object."""
    start_position_w: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Centre (m)."""
    start_quaternion_w: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)
    lateral_friction: float = 0.5
    """PyBullet's default."""
    spinning_friction: float = 0.0
    color_rgba: tuple[float, float, float, float] = (0.6, 0.6, 0.6, 1.0)
    follows: str | None = None
    """Command whose first three numbers are where the ghost is drawn."""


@dataclass(frozen=True, kw_only=True)
class Lidar:
    """Distances to what stands around the robot, in a level plane. The rays pass through the robot itself."""

    num_rays: int
    range_m: float
    """A ray that hits nothing within it reads this."""
    field_of_view_deg: float = 360.0
    """Centred ahead; the first ray is the rightmost one, then counter-clockwise."""
    offset_b: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Where the rays begin, from the base: ahead, to the left, up (m), along its heading."""
