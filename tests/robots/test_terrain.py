"""Heights of uneven ground: made as declared, and where the physics has them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from robots.bullet.client import p
from robots.bullet.loading import load_ground
from robots.errors import TaskDefinitionError
from robots.scene import Ground, Terrain
from robots.terrain import FLAT, HeightField, make_height_field

KINDS = ("rough", "stairs")
SMALL = {"num_tiles": 2, "tile_m": 3.0}


@pytest.fixture
def client() -> Iterator[int]:
    """Connect to a world of its own."""
    number = p.connect(p.DIRECT)
    yield number
    p.disconnect(number)


def test_flat_ground_is_at_zero_everywhere() -> None:
    np.testing.assert_array_equal(FLAT.height_m(np.array((-50.0, 7.0)), np.array((3.0, 0.0))), [0.0, 0.0])


def test_heights_between_points_lie_on_two_triangles() -> None:
    """The far corner lifts the second triangle only; its share is what x and y together pass the diagonal by."""
    field = HeightField(heights_m=np.array(((0.0, 1.0), (2.0, 7.0))), cell_m=0.5, corner_xy_w=(10.0, 20.0))
    x, y = np.array((10.0, 10.5, 10.0, 10.125, 10.5)), np.array((20.0, 20.0, 20.5, 20.125, 20.5))
    np.testing.assert_allclose(field.height_m(x, y), [0.0, 2.0, 1.0, 0.75, 7.0])
    np.testing.assert_allclose(field.height_m(np.array(10.375), np.array(20.375)), 7.0 - 0.25 * 6.0 - 0.25 * 5.0)


def test_beyond_the_edge_the_height_is_that_of_the_edge() -> None:
    field = HeightField(heights_m=np.array(((0.0, 1.0), (2.0, 7.0))), cell_m=0.5, corner_xy_w=(0.0, 0.0))
    np.testing.assert_allclose(field.height_m(np.array((9.0, -9.0)), np.array((9.0, 0.25))), [7.0, 0.5])


@pytest.mark.parametrize("kind", KINDS)
def test_heights_are_what_rays_hit(kind: str, client: int) -> None:
    field, body = load(Terrain(kind=kind, **SMALL), client)
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-1.9, 4.9, 400), rng.uniform(-1.9, 1.9, 400)
    above = np.stack((x, y, np.full(400, 2.0)), axis=1)
    hits = p.rayTestBatch(above.tolist(), (above - (0.0, 0.0, 4.0)).tolist(), physicsClientId=client)
    assert {hit[0] for hit in hits} == {body}
    np.testing.assert_allclose([hit[3][2] for hit in hits], field.height_m(x, y), atol=1e-6)


def test_a_ball_comes_to_rest_on_the_ground(client: int) -> None:
    """In the middle of the second tile, a pit of five steps of 0.1 m."""
    terrain = Terrain(kind="stairs", num_tiles=2, params={"high_m": 0.1, "depth_m": 0.4})
    load(terrain, client)
    shape = p.createCollisionShape(p.GEOM_SPHERE, radius=0.05, physicsClientId=client)
    ball = p.createMultiBody(1.0, shape, basePosition=(6.0, 0.0, -0.4), physicsClientId=client)
    p.setGravity(0, 0, -9.81, physicsClientId=client)
    for _ in range(240):
        p.stepSimulation(physicsClientId=client)
    height = p.getBasePositionAndOrientation(ball, physicsClientId=client)[0][2]
    assert height == pytest.approx(-0.5 + 0.05, abs=2e-3)


def test_stairs_rise_to_the_middle_of_even_tiles_and_sink_on_odd_ones() -> None:
    """From the edge at 3 m to the platform at 1 m are two steps of 1 m depth."""
    params = {"low_m": 0.1, "high_m": 0.2, "depth_m": 1.0}
    field = make_height_field(Terrain(kind="stairs", num_tiles=2, params=params))
    x = np.array((-3.9, -2.5, -1.5, 0.0, 1.5, 2.5, 3.5, 4.5, 6.0))
    expected = [0.0, 0.0, 0.1, 0.2, 0.1, 0.0, 0.0, -0.2, -0.4]
    np.testing.assert_allclose(field.height_m(x, np.zeros(9)), expected, atol=1e-12)
    np.testing.assert_allclose(field.height_m(np.zeros(3), np.array((2.5, 1.5, 0.0))), [0.0, 0.1, 0.2], atol=1e-12)


def test_rough_ground_gets_rougher_along_x() -> None:
    field = make_height_field(Terrain(kind="rough", num_tiles=3, params={"low_m": 0.1, "high_m": 0.5}))
    border, tile = 10, 60
    ranges = [
        np.abs(field.heights_m[border + index * tile + 1 : border + (index + 1) * tile]).max() for index in range(3)
    ]
    np.testing.assert_allclose(ranges, [0.1, 0.3, 0.5], rtol=0.05)


def test_border_is_level() -> None:
    heights = make_height_field(Terrain(kind="rough", **SMALL)).heights_m
    assert heights.shape == (81, 51)
    assert not heights[:10].any()
    assert not heights[:, -10:].any()
    assert heights[10:-10, 10:-10].any()


def test_heights_come_from_the_seed() -> None:
    first, again, other = (make_height_field(Terrain(kind="rough", seed=seed, **SMALL)).heights_m for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("terrain", "message"),
    [
        (Terrain(kind="rouhg"), "terrain: kind: no such kind 'rouhg'; did you mean 'rough'"),
        (
            Terrain(kind="stairs", params={"deepth_m": 0.3}),
            "params.deepth_m: stairs has no such parameter; did you mean",
        ),
        (Terrain(kind="rough", tile_m=6.05), "tile_m: 6.05 is no whole multiple of cell_m = 0.1"),
    ],
)
def test_wrong_terrain_is_named(terrain: Terrain, message: str) -> None:
    with pytest.raises(TaskDefinitionError, match=message):
        make_height_field(terrain)


def load(terrain: Terrain, client: int) -> tuple[HeightField, int]:
    """Load a terrain; return its heights and its body."""
    field = make_height_field(terrain)
    return field, load_ground(Ground(terrain=terrain), field, client)
