"""Layouts keep every promise that an arena makes, whatever the seed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from robots.arena import Arena, Footprint, Layout, Pose, count_passable, distance_m, draw_layout
from robots.errors import TaskDefinitionError
from robots.registry import load_task

WALL = Footprint(height_m=1.0, half_x_m=0.1, half_y_m=10.0)
POST = Footprint(height_m=1.0, radius_m=0.2)
ARENA = Arena(side_m=6.0, goal_distance_m=3.0, clearance_m=0.6, passage_m=0.3, cell_m=0.2, obstacles=(POST, WALL, POST))
START, GOAL = Pose(x=-2.0, y=0.0, yaw=0.0), (2.0, 0.0)


@pytest.mark.parametrize(
    ("footprint", "pose", "point", "expected"),
    [
        (POST, Pose(x=1.0, y=0.0, yaw=0.0), (3.0, 0.0), 1.8),
        (POST, Pose(x=1.0, y=0.0, yaw=0.0), (1.0, 0.0), -0.2),
        (WALL, Pose(x=1.0, y=0.0, yaw=0.0), (3.0, 5.0), 1.9),
        (WALL, Pose(x=1.0, y=0.0, yaw=math.pi / 2), (3.0, 5.0), 4.9),
        (WALL, Pose(x=1.0, y=0.0, yaw=0.0), (1.0, 9.0), 0.0),
        (WALL, Pose(x=0.0, y=0.0, yaw=0.0), (3.1, 14.0), 5.0),
    ],
    ids=["beside_a_post", "within_a_post", "beside_a_wall", "beside_a_turned_wall", "within_a_wall", "off_a_corner"],
)
def test_distance_to_an_obstacle(footprint: Footprint, pose: Pose, point: tuple[float, float], expected: float) -> None:
    x, y = np.array(point[:1]), np.array(point[1:])
    np.testing.assert_allclose(distance_m(footprint, pose, x, y), [expected], atol=1e-12)


@pytest.mark.parametrize(
    ("obstacles", "expected"),
    [
        ({}, 0),
        ({0: Pose(x=0.0, y=0.0, yaw=0.0)}, 1),
        ({1: Pose(x=0.0, y=0.0, yaw=0.0)}, 0),
        ({0: Pose(x=0.0, y=2.0, yaw=0.0), 1: Pose(x=0.0, y=0.0, yaw=0.0), 2: Pose(x=0.0, y=-2.0, yaw=0.0)}, 1),
        ({1: Pose(x=0.0, y=1.0, yaw=math.pi / 2), 0: Pose(x=0.0, y=0.0, yaw=0.0)}, 2),
    ],
    ids=["nothing", "a_post_to_pass", "a_wall_between", "a_wall_after_a_post", "a_wall_beside"],
)
def test_obstacles_count_until_one_closes_the_last_path(obstacles: dict[int, Pose], expected: int) -> None:
    assert count_passable(ARENA, Layout(start=START, goal=GOAL, obstacles=obstacles)) == expected


@pytest.mark.parametrize(("gap_m", "expected"), [(1.0, 2), (0.5, 1)])
def test_a_gap_lets_pass_what_is_narrower(gap_m: float, expected: int) -> None:
    """The disc is 0.6 m wide; it keeps to a grid, and so may need 0.4 m more."""
    halves = {
        1: Pose(x=0.0, y=10.0 + gap_m / 2, yaw=0.0),
        3: Pose(x=0.0, y=-10.0 - gap_m / 2, yaw=0.0),
    }
    arena = replace(ARENA, obstacles=(*ARENA.obstacles, WALL))
    assert count_passable(arena, Layout(start=START, goal=GOAL, obstacles=halves)) == expected


def test_the_same_generator_draws_the_same_layout() -> None:
    arena = arena_of("husky_navigate", num_obstacles=12)
    first, again, other = (draw_layout(arena, np.random.default_rng(seed), num_obstacles=12) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("num_obstacles", [0, 12, 32])
@pytest.mark.parametrize("task_id", ["racecar_navigate", "husky_navigate"])
def test_every_layout_keeps_what_the_arena_promises(task_id: str, num_obstacles: int) -> None:
    arena = arena_of(task_id, num_obstacles=num_obstacles)
    for seed in range(15):
        layout = draw_layout(arena, np.random.default_rng(seed), num_obstacles=num_obstacles)
        poses = [*layout.obstacles.values(), layout.start, Pose(x=layout.goal[0], y=layout.goal[1], yaw=0.0)]
        assert all(max(abs(pose.x), abs(pose.y)) <= arena.side_m / 2 for pose in poses)
        assert math.dist((layout.start.x, layout.start.y), layout.goal) >= arena.goal_distance_m
        ends = np.array(((layout.start.x, layout.start.y), layout.goal))
        for index, pose in layout.obstacles.items():
            assert distance_m(arena.obstacles[index], pose, *ends.T).min() >= arena.clearance_m
            for other, there in layout.obstacles.items():
                apart_m = math.dist((pose.x, pose.y), (there.x, there.y))
                assert other == index or apart_m > arena.obstacles[index].reach_m + arena.obstacles[other].reach_m
        assert is_connected(arena, layout)


def test_nearly_all_obstacles_find_a_place_in_the_default_arenas() -> None:
    for task_id in ("racecar_navigate", "husky_navigate"):
        arena = arena_of(task_id, num_obstacles=12)
        numbers = [
            len(draw_layout(arena, np.random.default_rng(seed), num_obstacles=12).obstacles) for seed in range(50)
        ]
        assert np.mean(numbers) > 11.5


def test_fewer_obstacles_are_drawn_from_all_of_them() -> None:
    arena = arena_of("husky_navigate", num_obstacles=12)
    chosen = [set(draw_layout(arena, np.random.default_rng(seed), num_obstacles=3).obstacles) for seed in range(30)]
    assert {len(each) for each in chosen} == {3}
    assert set().union(*chosen) == set(range(12))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"goal_distance_m": 7.0}, r"^arena: goal_distance_m: got 7.0 m; allowed: above 0, up to side_m, 6.0 m"),
        ({"goal_distance_m": 0.0}, r"^arena: goal_distance_m: got 0.0 m"),
        ({"clearance_m": 0.5}, r"^arena: clearance_m: got 0.5 m; the path's grid needs .* 0.54 m"),
    ],
)
def test_sizes_that_cannot_hold_are_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(TaskDefinitionError, match=message):
        replace(ARENA, **changes)


def arena_of(task_id: str, *, num_obstacles: int) -> Arena:
    task = load_task(task_id, {"num_obstacles": num_obstacles})
    return task.resets["layout"].params["arena"]


def is_connected(arena: Arena, layout: Layout) -> bool:
    """Flood the free ground from the start, on a grid twice as fine, with the disc as it is."""
    cell_m = arena.cell_m / 2
    num_cells = math.ceil((arena.side_m + arena.passage_m) / cell_m)
    columns, rows = (at + cell_m * np.arange(-num_cells, num_cells + 1) for at in (layout.start.x, layout.start.y))
    edge_m = arena.side_m / 2 + arena.passage_m
    is_free = (np.abs(columns) <= edge_m)[:, None] & (np.abs(rows) <= edge_m)
    for index, pose in layout.obstacles.items():
        distances = distance_m(arena.obstacles[index], pose, columns[:, None], rows[None, :])
        is_free &= distances >= arena.passage_m - 1e-9
    is_reached = np.zeros_like(is_free)
    is_reached[num_cells, num_cells] = True
    num_reached = 0
    while num_reached < (num_reached := int(is_reached.sum())):
        for _ in range(20):
            is_reached[1:] |= is_reached[:-1] & is_free[1:]
            is_reached[:-1] |= is_reached[1:] & is_free[:-1]
            is_reached[:, 1:] |= is_reached[:, :-1] & is_free[:, 1:]
            is_reached[:, :-1] |= is_reached[:, 1:] & is_free[:, :-1]
    to_goal = np.hypot(columns[:, None] - layout.goal[0], rows - layout.goal[1])
    return bool(to_goal[is_reached].min() <= cell_m)
