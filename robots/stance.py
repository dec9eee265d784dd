"""Find a pose in which a robot can begin: within its joints' limits and, if it has legs, standing on them.

Looks at geometry and masses only; nothing is simulated. Called by robots/proposal.py.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping

from robots.measured import MeasuredJoint, MeasuredRobot

LIMIT_MARGIN = 0.1
"""Share of a joint's range that the pose keeps from its limits."""
BASE_SHARE = 0.1
"""A base whose lowest point is within this share of the height above the lowest of all lies on the ground."""
BALANCED = (0.35, 0.65)
"""The centre of mass is over this part of the stretch from the hindmost to the foremost point of the feet."""
BENDS_RAD = (-0.8, -0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6, 0.8)
"""Angles that are tried for hips and knees."""
MIN_HEIGHT_SHARE = 0.7
"""Of the height before bending."""
BEND_COST = 0.1
"""What a radian costs against being balanced: little bends are better than large ones."""

Measure = Callable[[Mapping[str, float]], MeasuredRobot]


def rest_pose(robot: MeasuredRobot) -> dict[str, float]:
    """Return the joints that cannot be at 0, or not well, and where they are instead."""
    return {joint.name: value for joint in robot.joints if (value := _rest(joint))}


def standing_pose(measure: Measure, pose: Mapping[str, float], *, movable: set[str]) -> dict[str, float]:
    """Return `pose`, changed where the robot would lie on its base or fall over; only `movable` joints change."""
    robot, found = measure(pose), dict(pose)
    if _lies_on_its_base(robot):
        found = _legs_down(measure, found, robot, movable)
        robot = measure(found)
    return found if _is_balanced(robot) else _bend(measure, found, robot, movable)


def _rest(joint: MeasuredJoint) -> float:
    """Return 0, or what is nearest to it well within the limits."""
    if not joint.has_limits or joint.lower <= 0.0 <= joint.upper:
        return 0.0
    margin = LIMIT_MARGIN * (joint.upper - joint.lower)
    return joint.lower + margin if joint.lower > 0.0 else joint.upper - margin


def _lies_on_its_base(robot: MeasuredRobot) -> bool:
    lowest = min((link.lowest_m for link in robot.rigid_group(robot.base_link)), default=math.nan)
    return lowest <= robot.lowest_m + BASE_SHARE * robot.size_m[2]


def _legs_down(
    measure: Measure, pose: Mapping[str, float], robot: MeasuredRobot, movable: set[str]
) -> dict[str, float]:
    """Turn each joint of a level axis, those next to the base first, so that what is beyond it hangs lowest."""
    found = dict(pose)
    for joint in sorted(robot.joints, key=lambda joint: joint.depth):
        if not joint.is_revolute or abs(joint.axis_w[2]) > 0.5 or joint.name not in movable:
            continue
        heights = {
            angle: _centre_height(measure({**found, joint.name: angle}), joint.name)
            for angle in (round(step * math.pi / 4, 4) for step in range(-3, 5))
            if not joint.has_limits or joint.lower <= angle <= joint.upper
        }
        best = min(heights, key=lambda angle: (round(heights[angle], 4), abs(angle)), default=0.0)
        if best:
            found[joint.name] = best
    return found


def _centre_height(robot: MeasuredRobot, joint: str) -> float:
    return next(each.centre_height_m for each in robot.joints if each.name == joint)


def _is_balanced(robot: MeasuredRobot) -> bool:
    return BALANCED[0] <= _place_over_feet(robot) <= BALANCED[1]


def _place_over_feet(robot: MeasuredRobot) -> float:
    """Return where the centre of mass is along the feet: 0 at the hindmost point, 1 at the foremost."""
    stretches = [robot.link(name).ahead_m for name in robot.feet]
    if not stretches:
        return 0.5
    hind, fore = min(low for low, _ in stretches), max(high for _, high in stretches)
    return (robot.centre_w[0] - hind) / max(fore - hind, 1e-9)


def _bend(measure: Measure, pose: Mapping[str, float], robot: MeasuredRobot, movable: set[str]) -> dict[str, float]:
    """Bend the hips, and the knees, of all legs alike, so that the feet come below the centre of mass.

    A third joint keeps the foot as level as it was.
    """
    chains = _leg_joints(robot, movable)
    height = robot.centre_w[2] - robot.lowest_m
    best, lowest_cost = dict(pose), abs(_place_over_feet(robot) - 0.5)
    for hip, knee in itertools.product(BENDS_RAD, BENDS_RAD):
        bent = dict(pose)
        for chain in chains:
            for joint, angle in zip(chain, (hip, knee, -hip - knee), strict=False):
                bent[joint.name] = round(bent.get(joint.name, 0.0) + math.copysign(angle, angle * joint.axis_w[1]), 4)
        if not _within_limits(bent, robot):
            continue
        tried = measure(bent)
        cost = abs(_place_over_feet(tried) - 0.5) + BEND_COST * (abs(hip) + abs(knee))
        stands = set(tried.feet) >= set(robot.feet) and not _lies_on_its_base(tried)
        is_high = tried.centre_w[2] - tried.lowest_m >= MIN_HEIGHT_SHARE * height
        if cost < lowest_cost and stands and is_high:
            best, lowest_cost = bent, cost
    return {joint: angle for joint, angle in best.items() if angle}


def _leg_joints(robot: MeasuredRobot, movable: set[str]) -> list[list[MeasuredJoint]]:
    """Return for each foot the joints above it that turn about an axis to the side, from the base on."""
    by_child = {joint.child_link: joint for joint in robot.joints}
    chains: list[list[MeasuredJoint]] = []
    for foot in robot.feet:
        chain, link = [], foot
        while link:
            joint = by_child.get(link)
            if joint is not None and joint.name in movable and joint.is_revolute and abs(joint.axis_w[1]) > 0.9:
                chain.insert(0, joint)
            link = robot.link(link).parent
        if chain and chain not in chains:
            chains.append(chain)
    return chains


def _within_limits(pose: Mapping[str, float], robot: MeasuredRobot) -> bool:
    return all(
        not joint.has_limits or joint.lower <= pose.get(joint.name, 0.0) <= joint.upper for joint in robot.joints
    )
