"""Random layouts for robots that drive: where to start, where to go, and what stands in the way.

Between start and goal there is always a path: a layout without one loses the obstacles that came last. Knows no physics
engine. Called by robots/terms/navigation.py.
"""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass, replace

import numpy as np

from robots.errors import TaskDefinitionError

NUM_TRIES = 20
"""Places drawn for an obstacle before it is left out; chosen: 12 then nearly always fit into the default arenas."""
SEEN = -1
"""In place of a cell's first obstacle: the search need not look there (again)."""


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """What an obstacle covers of the ground: a rectangle, grown by a radius."""

    height_m: float
    half_x_m: float = 0.0
    half_y_m: float = 0.0
    radius_m: float = 0.0

    @property
    def reach_m(self) -> float:
        """Distance of the furthest point from the centre."""
        return math.hypot(self.half_x_m, self.half_y_m) + self.radius_m


@dataclass(frozen=True, kw_only=True)
class Arena:
    """A square field with its centre at the world's origin, and the room that a robot needs in it."""

    side_m: float
    goal_distance_m: float
    """Least distance from start to goal, along a straight line."""
    clearance_m: float
    """Nothing stands within this distance of start and goal."""
    passage_m: float
    """Radius of the disc for which a path must be free: half the robot's width, and some room."""
    cell_m: float
    """Step of the grid on which the path is looked for."""
    obstacles: tuple[Footprint, ...]

    def __post_init__(self) -> None:
        if not 0.0 < self.goal_distance_m <= self.side_m:
            raise TaskDefinitionError(
                f"arena: goal_distance_m: got {self.goal_distance_m} m; allowed: above 0, up to side_m, {self.side_m} m"
            )
        # A cell next to the goal is at most 0.71 of a cell away, and is free half a cell around the passage.
        least = self.passage_m + 1.21 * self.cell_m
        if self.clearance_m < least:
            raise TaskDefinitionError(
                f"arena: clearance_m: got {self.clearance_m} m; the path's grid needs passage_m + 1.21 cell_m, "
                f"{least:.2f} m"
            )

    def __str__(self) -> str:
        """Return what a reader of the documentation needs."""
        return f"{self.side_m:g} m square with up to {len(self.obstacles)} obstacles"


@dataclass(frozen=True, kw_only=True)
class Pose:
    """A place on the ground (m) and a heading (rad, counter-clockwise)."""

    x: float
    y: float
    yaw: float


@dataclass(frozen=True, kw_only=True)
class Layout:
    """An arena as one episode finds it."""

    start: Pose
    goal: tuple[float, float]
    obstacles: dict[int, Pose]
    """Those that stand in the arena, by their index in Arena.obstacles."""


def draw_layout(arena: Arena, rng: np.random.Generator, *, num_obstacles: int) -> Layout:
    """Draw start, goal and at most `num_obstacles` obstacles, which do not overlap and leave a path."""
    start, goal = _draw_ends(arena, rng)
    circles = [(start.x, start.y, arena.clearance_m), (*goal, arena.clearance_m)]
    obstacles: dict[int, Pose] = {}
    for index in rng.permutation(len(arena.obstacles))[:num_obstacles].tolist():
        reach_m = arena.obstacles[index].reach_m
        for _ in range(NUM_TRIES):
            pose = _draw_pose(arena, rng)
            if all(math.hypot(pose.x - x, pose.y - y) > reach_m + radius_m for x, y, radius_m in circles):
                obstacles[index] = pose
                circles.append((pose.x, pose.y, reach_m))
                break
    layout = Layout(start=start, goal=goal, obstacles=obstacles)
    num_kept = count_passable(arena, layout)
    return replace(layout, obstacles=dict(itertools.islice(obstacles.items(), num_kept)))


def distance_m(footprint: Footprint, pose: Pose, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how far points of the ground are from an obstacle; negative inside a round one, at most 0 inside."""
    cosine, sine = math.cos(pose.yaw), math.sin(pose.yaw)
    ahead, left = x - pose.x, y - pose.y
    beyond_x = np.maximum(np.abs(cosine * ahead + sine * left) - footprint.half_x_m, 0.0)
    beyond_y = np.maximum(np.abs(cosine * left - sine * ahead) - footprint.half_y_m, 0.0)
    return np.hypot(beyond_x, beyond_y) - footprint.radius_m


def count_passable(arena: Arena, layout: Layout) -> int:
    """Return how many of the obstacles, in their order, leave a path.

    That is, a disc of radius `passage_m` can move from start to goal within the arena.
    """
    columns, rows, first_blocker = _blocked_cells(arena, layout)
    start, goal = (
        (int(np.argmin(np.abs(columns - x))), int(np.argmin(np.abs(rows - y))))
        for x, y in ((layout.start.x, layout.start.y), layout.goal)
    )
    num_rows = len(rows)
    to_goal = np.add.outer((np.arange(len(columns)) - goal[0]) ** 2, (np.arange(num_rows) - goal[1]) ** 2)
    # Lists, because reading an array element by element is slow.
    blockers, distances = first_blocker.ravel().tolist(), to_goal.ravel().tolist()
    last, cell = goal[0] * num_rows + goal[1], start[0] * num_rows + start[1]
    num_passable, blockers[cell] = blockers[cell], SEEN
    open_cells = [(-num_passable, distances[cell], cell)]
    while open_cells:  # the path with most obstacles first, then the cell nearest to the goal
        key, _, cell = heapq.heappop(open_cells)
        num_passable = -key
        if cell == last:
            break
        for near in (cell + num_rows, cell - num_rows, cell + 1, cell - 1):
            if (blocker := blockers[near]) >= 0:
                blockers[near] = SEEN
                heapq.heappush(open_cells, (-min(num_passable, blocker), distances[near], near))
    return num_passable


def _draw_ends(arena: Arena, rng: np.random.Generator) -> tuple[Pose, tuple[float, float]]:
    while True:  # the arena's diagonal is longer than its side, so some draw is far enough
        start, goal = _draw_pose(arena, rng), _draw_pose(arena, rng)
        if math.hypot(goal.x - start.x, goal.y - start.y) >= arena.goal_distance_m:
            return start, (goal.x, goal.y)


def _draw_pose(arena: Arena, rng: np.random.Generator) -> Pose:
    x, y, turn = (rng.random(3) - 0.5).tolist()
    return Pose(x=arena.side_m * x, y=arena.side_m * y, yaw=2.0 * math.pi * turn)


def _blocked_cells(arena: Arena, layout: Layout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the x of the cells' columns, the y of their rows, and what blocks each cell, (columns, rows) of int.

    That is the number of the first obstacle that leaves it no room, in the layout's order; where none does, the number
    of obstacles; and SEEN along the edge.
    """
    # One cell is exactly at the start; beyond the arena there is room to pass its obstacles, then a closed edge.
    edge_m, cell_m = arena.side_m / 2 + arena.passage_m, arena.cell_m
    columns, rows = (
        middle + cell_m * np.arange(-math.ceil((edge_m + middle) / cell_m), math.ceil((edge_m - middle) / cell_m) + 1)
        for middle in (layout.start.x, layout.start.y)
    )
    first_blocker = np.full((len(columns), len(rows)), len(layout.obstacles))
    needed_m = arena.passage_m + cell_m / 2
    for number, (index, pose) in enumerate(layout.obstacles.items()):
        footprint = arena.obstacles[index]
        reach_m = footprint.reach_m + needed_m
        near_x = slice(*np.searchsorted(columns, (pose.x - reach_m, pose.x + reach_m)))
        near_y = slice(*np.searchsorted(rows, (pose.y - reach_m, pose.y + reach_m)))
        distance = distance_m(footprint, pose, columns[near_x, None], rows[None, near_y])
        near = first_blocker[near_x, near_y]
        near[(distance < needed_m) & (near > number)] = number
    first_blocker[[0, -1]] = first_blocker[:, [0, -1]] = SEEN
    return columns, rows, first_blocker
