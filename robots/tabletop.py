"""A table with an arm at its end, and the goal tasks that are played there.

Scene, timing, goals and success are those of panda-gym 3.0.7 (envs/tasks/*.py and pybullet.py), whose arm is the Panda;
other arms share them. The table's top is at height 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from robots.scene import Camera, ObjectKind, ObjectSpec
from robots.spec import CommandTerm, GoalSpec, ObservationTerm, ResetTerm, RobotSpec, Solver, TaskSpec
from robots.terms import goals, manipulation

GOAL = "goal"
THING = "object"
HAND_POSITION = "hand_position"
THRESHOLD_M = 0.05
HALF_RANGE_M = 0.15
"""Objects begin, and most goals lie, in a square of 0.3 m around the origin."""
GREEN = (0.1, 0.9, 0.1)
"""Of goals."""
BLUE = (0.15, 0.35, 0.85, 1.0)
"""Of things; chosen: pictures without a graphics card do not show that a goal is translucent."""

FLOOR = ObjectSpec(
    name="floor",
    size_m=(3.0, 3.0, 0.01),
    kind=ObjectKind.FIXED,
    start_position_w=(0.0, 0.0, -0.4 - 0.01),  # as the original computes it: a rounding error more, which grows
    color_rgba=(0.3, 0.3, 0.33, 1.0),
)
TABLE = ObjectSpec(
    name="table",
    size_m=(0.55, 0.35, 0.2),
    kind=ObjectKind.FIXED,
    start_position_w=(-0.3, 0.0, -0.2),
    color_rgba=(0.85, 0.82, 0.78, 1.0),
)
LONG_TABLE = replace(TABLE, size_m=(0.7, 0.35, 0.2), start_position_w=(-0.1, 0.0, -0.2))
CUBE = ObjectSpec(name=THING, size_m=(0.02, 0.02, 0.02), start_position_w=(0.0, 0.0, 0.02), color_rgba=BLUE)
PUCK = ObjectSpec(
    name=THING,
    shape="cylinder",
    size_m=(0.03, 0.03),
    start_position_w=(0.0, 0.0, 0.03),  # 15 mm above the table, onto which it falls in the first two steps
    lateral_friction=0.04,
    color_rgba=BLUE,
)
POINT = ObjectSpec(name=GOAL, shape="sphere", size_m=(0.02,))
CAMERA = Camera(distance_m=1.3, yaw_deg=30.0, pitch_deg=-25.0, target_offset_w=(0.45, 0.0, 0.2))
"""Shows the table and an arm that stands 0.6 m behind the middle of the goals."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is on the table and where it shall be."""

    goals: CommandTerm
    thing: ObjectSpec | None = None
    """What is brought to the goal; None: the hand itself."""
    table: ObjectSpec = TABLE


def goals_between(low_w: goals.Point, high_w: goals.Point, low_share: float = 0.0) -> CommandTerm:
    """Return goals in a box between two corners (m); this share of them is put at the lowest height."""
    params = {"low_w": low_w, "high_w": high_w, "low_share": low_share}
    return CommandTerm(function=goals.draw_goal, params=params, size=3)


GOALS_ABOVE_TABLE = goals_between((-HALF_RANGE_M, -HALF_RANGE_M, 0.0), (HALF_RANGE_M, HALF_RANGE_M, 0.3))


def hand_terms(link: str) -> dict[str, ObservationTerm]:
    """Return the observations that every task on the table begins with: a link's position and velocity."""
    hand = {"frames": (link,)}
    return {
        HAND_POSITION: ObservationTerm(function=manipulation.hand_position, params=hand),
        "hand_velocity": ObservationTerm(function=manipulation.hand_velocity, params=hand),
    }


def goal_task(
    task_id: str,
    robot: RobotSpec,
    scene: Scene,
    *,
    observations: Mapping[str, ObservationTerm],
    reward: str,
) -> TaskSpec:
    """Return the task of bringing the scene's thing, or the hand, to the goal within 2 s; `reward` as in GoalSpec."""
    thing, resets, achieved = scene.thing, {}, observations[HAND_POSITION]
    if thing is not None:
        observations = {**observations, **_thing_terms()}
        achieved = observations["object_position"]
        half_range = {"objects": (THING,), "half_range_m": HALF_RANGE_M}
        resets = {THING: ResetTerm(function=manipulation.offset_object, params=half_range)}
    marker = replace(thing or POINT, name=GOAL, kind=ObjectKind.GHOST, follows=GOAL, color_rgba=(*GREEN, 0.3))
    return TaskSpec(
        id=task_id,
        robot=robot,
        physics_dt_s=0.002,
        control_dt_s=0.04,
        episode_length_s=2.0,
        solver=Solver(has_late_frames=True),
        observations=observations,
        rewards={},
        reward_range=(-1.0, 0.0) if reward == "sparse" else (-30.0, 0.0),  # far below the table in the worst case
        goal=GoalSpec(achieved=achieved, command=GOAL, threshold_m=THRESHOLD_M, reward=reward),
        resets=resets,
        commands={GOAL: scene.goals},
        # In the original's order: PyBullet's results depend on it.
        objects=(FLOOR, scene.table, *([thing] if thing else []), marker),
    )


def _thing_terms() -> dict[str, ObservationTerm]:
    functions = {
        "object_position": manipulation.object_position,
        "object_rotation": manipulation.object_rotation,
        "object_velocity": manipulation.object_linear_velocity,
        "object_angular_velocity": manipulation.object_angular_velocity,
    }
    thing = {"objects": (THING,)}
    return {name: ObservationTerm(function=function, params=thing) for name, function in functions.items()}
