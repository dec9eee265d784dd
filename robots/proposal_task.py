"""The part of a proposed YAML file that says what is to be learnt. Called by robots/proposal_text.py."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from robots.gains import max_effort
from robots.measured import Vector
from robots.proposal import GRAVITY_M_S2, Goal, Proposal
from robots.yaml_words import list_text, names_text, number_text, quoted, rounded

FROUDE_SPEED = 0.3
"""Target speed over sqrt(g * height): an easy walk; chosen: 0.5 m/s for a robot of 27 cm, as robots/a1.py."""
RED = [0.9, 0.2, 0.2, 0.7]
FALLEN_SHARE = 0.6
"""A base below this share of its height has fallen."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where the tip of an arm is to go."""

    tip: str
    """Link."""
    low_w: Vector
    high_w: Vector
    threshold_m: float


def task_lines(proposal: Proposal, target: Target | None) -> list[str]:
    """Return the lines of the task; an arm has a `target`."""
    if proposal.goal is Goal.WALK:
        return _walk(proposal)
    if proposal.goal is Goal.BALANCE:
        return _balance(proposal)
    assert target is not None
    return _reach(proposal, target)


def target_speed(proposal: Proposal) -> float:
    """Return a speed (m/s) that suits the robot's size."""
    return rounded(FROUDE_SPEED * math.sqrt(GRAVITY_M_S2 * max(proposal.base_height_m, 0.05)))


def _walk(proposal: Proposal) -> list[str]:
    height = proposal.base_height_m
    still = [joint.name for joint in proposal.driven if joint not in proposal.wheels] + [
        joint.name for joint in proposal.passive
    ]
    lines = [
        "observations:  # side by side; `scale` brings each near 1",
        "  linear_velocity: {term: base_linear_velocity_b}",
        "  angular_velocity: {term: base_angular_velocity_b, scale: 0.25}",
        "  gravity: {term: gravity_direction_b}",
    ]
    if still:
        lines.append(f"  joint_position: {{term: joint_position_from_default, joints: {_all(still, proposal)}}}")
    lines += [
        "  joint_velocity: {joints: all, scale: 0.05}",
        "  last_action: {}",
        "",
        *_walk_rewards(proposal),
        "",
        "terminations:",
        "  tipped_over: {term: tilt_beyond, limit_rad: 1.0}",
    ]
    if not proposal.wheels:
        low = number_text(FALLEN_SHARE * height)
        lines.append(f"  too_low: {{term: base_below, height_m: {low}}}  # of {height:.2g} m at the start")
    if still:
        lines += ["", *_resets(_all(still, proposal))]
    else:
        lines += ["", "resets:", "  velocity: {term: offset_joint_velocity, joints: all, half_range: 0.1}"]
    return lines


def _walk_rewards(proposal: Proposal) -> list[str]:
    speed = target_speed(proposal)
    width = rounded(speed / 2)
    efforts = sum(max_effort(joint, proposal) ** 2 for joint in proposal.driven)
    lines = [
        "rewards:  # each: what is measured, times its weight",
        "  alive: {weight: 0.25}  # so that falling never pays",
        f"  track_speed_x: {{term: track_speed_x_exp, weight: 1.0, target_m_s: {speed:g}, width_m_s: {width:g}}}",
    ]
    if not proposal.base_link:  # not held in a plane
        lines += [
            "  track_yaw_rate: {term: track_yaw_rate_exp, weight: 0.25, target_rad_s: 0.0, width_rad_s: 0.5}",
            f"  speed_y: {{term: speed_y_l2, weight: {number_text(-0.25 / speed**2)}}}",
        ]
    return [
        *lines,
        f"  speed_z: {{term: speed_z_l2, weight: {number_text(-0.1 / speed**2)}}}",
        "  orientation: {term: orientation_l2, weight: -0.5}",
        f"  joint_effort: {{term: joint_effort_l2, weight: {number_text(-0.2 / efforts)}}}  # all: 0.2 at most",
        f"  action_rate: {{term: action_rate_l2, weight: {number_text(-0.1 / len(proposal.driven))}}}",
    ]


def _balance(proposal: Proposal) -> list[str]:
    swinging = [joint.name for joint in proposal.passive if joint.is_revolute]
    lines = [
        "observations:  # side by side; `scale` brings each near 1",
        *(
            f"  {quoted(f'{joint.name}_position')}: {{term: joint_position, joints: {names_text([joint.name])}, "
            f"scale: {5 if joint.name in swinging else 1}}}"
            for joint in (*proposal.driven, *proposal.passive)
        ),
        "  joint_velocity: {joints: all}",
        "",
        "rewards:",
        "  alive: {weight: 1.0}  # for each step",
        "reward_range: [0.0, 1.0]",
        "",
        "terminations:",
        f"  fell: {{term: joint_beyond, joints: {names_text(swinging)}, limit: 0.2}}",
    ]
    for joint in proposal.driven:
        if joint.has_limits:
            limit = 0.9 * min(abs(joint.lower), abs(joint.upper)) or 0.9 * (joint.upper - joint.lower)
            lines.append(
                f"  {quoted(f'{joint.name}_at_limit')}: "
                f"{{term: joint_beyond, joints: {names_text([joint.name])}, limit: {number_text(limit)}}}"
            )
    return [*lines, "", *_resets("all")]


def _reach(proposal: Proposal, target: Target) -> list[str]:
    marker = number_text(target.threshold_m / 2)
    low, high = list_text(target.low_w), list_text(target.high_w)
    return [
        "# The tip is to come near a point and stay there. Points are drawn from a box in which it is most of the time",
        f"# when the joints move by up to their action_scale from the stance. The tip is the centre of {target.tip}.",
        "commands:",
        f"  target: {{term: goals.draw_goal, size: 3, low_w: {low}, high_w: {high}}}",
        "goal:  # instead of `rewards`; can be learnt with hindsight, too: rlrobo train FILE --algo sac",
        f"  achieved: {{term: link_position, links: {names_text([target.tip])}}}",
        "  command: target",
        f"  threshold_m: {number_text(target.threshold_m)}  # nearer counts as success",
        "  reward: dense  # minus the distance; sparse: -1 until it is near",
        "  terminates: false",
        "objects:  # a mark where the target is",
        f"  - {{name: target, shape: sphere, size_m: [{marker}], kind: ghost, follows: target, color_rgba: {RED}}}",
        "",
        "observations:  # after the goals; side by side; `scale` brings each near 1",
        "  joint_position: {term: joint_position_from_default, joints: all}",
        "  joint_velocity: {joints: all, scale: 0.1}",
        "",
        *_resets("all"),
    ]


def _resets(joints: str) -> list[str]:
    return [
        "resets:  # where episodes begin, drawn anew for each",
        f"  position: {{term: offset_joint_position, joints: {joints}, half_range: 0.05}}",
        "  velocity: {term: offset_joint_velocity, joints: all, half_range: 0.05}",
    ]


def _all(names: Sequence[str], proposal: Proposal) -> str:
    return "all" if len(names) == len(proposal.driven) + len(proposal.passive) else names_text(names)
