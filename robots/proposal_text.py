"""Write a proposal as the commented YAML file of a robot and its task, which robots/declared.py reads back.

Called by robots/propose.py.
"""

from __future__ import annotations

from robots.gains import (
    MAX_OVER_NEED,
    YIELD_RAD,
    choose_gains,
    choose_step,
    max_effort,
    needed_effort,
    wheel_radius_m,
)
from robots.measured import MeasuredJoint
from robots.model_file import PACKAGED
from robots.proposal import NO_TURN, Goal, Proposal
from robots.proposal_task import Target, target_speed, task_lines
from robots.yaml_words import list_text, names_text, number_text, per_joint_lines, quoted, rounded

CONTROL_DT_S = 0.02
ACTION_SCALE = {Goal.WALK: 0.4, Goal.REACH: 1.0, Goal.BALANCE: 0.4}
"""rad or, over 5, m."""


def write_yaml(proposal: Proposal, *, name: str, model: str, file: str, target: Target | None) -> str:
    """Return the text of the file `file`; an arm has a `target`."""
    lines = [
        f"# {name}: {proposal.goal.value}. Proposed by `rlrobo robots new` from the model; change what you like, then",
        f"#     rlrobo robots check {file}",
        f"#     rlrobo train {file}",
        "# docs/your-own-robot.md describes the keys, `rlrobo robots terms` lists terms. SI units; joints in rad or m.",
        *_facts(proposal),
        "",
        *_robot(proposal, name=name, model=model),
        "",
        f"physics_dt_s: {choose_step(proposal):g}",
        f"control_dt_s: {CONTROL_DT_S:g}  # the policy acts {1 / CONTROL_DT_S:g} times a second",
        f"episode_length_s: {5 if proposal.goal is Goal.REACH else 10}",
        *(["ground: {lateral_friction: 1.0}"] if proposal.goal is Goal.WALK else []),
        "",
        *task_lines(proposal, target),
    ]
    return "\n".join(lines) + "\n"


def action_scale(joint: MeasuredJoint, proposal: Proposal) -> float:
    """Return by how far action 1 moves a joint's target: within half of its range."""
    scale = ACTION_SCALE[proposal.goal] if joint.is_revolute else ACTION_SCALE[proposal.goal] / 5
    return rounded(min(scale, (joint.upper - joint.lower) / 2) if joint.has_limits else scale)


def _facts(proposal: Proposal) -> list[str]:
    robot = proposal.robot
    x, y, z = robot.size_m
    feet = ", ".join(proposal.feet[:6])
    lines = [f"# The model: {robot.total_mass_kg:.3g} kg, {x:.2g} x {y:.2g} x {z:.2g} m, {len(robot.links)} links."]
    if proposal.goal is Goal.WALK:
        lines.append(f"# Lowest links, taken for its feet: {feet}.")
    return lines


def _robot(proposal: Proposal, *, name: str, model: str) -> list[str]:
    lines = [
        "robot:",
        f"  name: {quoted(name)}",
        f"  model: {quoted(model)}{'' if model.startswith(PACKAGED) else '  # relative to this file'}",
        "  joints:  # driven, in the order of the action",
        *(f"    - {quoted(joint.name)}  # {_about(joint)}" for joint in proposal.driven),
    ]
    if proposal.passive:
        lines += [
            "  passive_joints:  # without a motor, for the model gives them neither limits nor effort",
            *(f"    - {quoted(joint.name)}" for joint in proposal.passive),
        ]
    lines += _control(proposal)
    if proposal.stance:
        lines.append("  default_joint_position:  # the stance; a joint that is not named is at 0")
        lines += [f"    {quoted(joint)}: {number_text(angle)}" for joint, angle in proposal.stance.items()]
    lines.append(f"  is_fixed: {str(proposal.is_fixed).lower()}  # {_why_fixed(proposal)}")
    if proposal.base_link:
        lines.append(f"  base_link: {quoted(proposal.base_link)}  # the body that the root carries on sliding joints")
    if proposal.base_axes != NO_TURN:
        lines.append(f"  base_axes: {list_text(proposal.base_axes)}  # ahead, left, up are other axes in this model")
    if not (proposal.is_fixed and model.endswith(".xml")):  # PyBullet holds a fixed MJCF robot where the file has it
        lines.append(f"  start_position_w: {list_text(proposal.start_position_w)}  # {_why_start(proposal)}")
    distance = 2.0 * max(*proposal.robot.size_m, 0.1)
    centre = (max(link.centre_w[2] for link in proposal.robot.links) + proposal.robot.lowest_m) / 2
    offset = centre - proposal.base.centre_w[2]
    lines.append(f"  camera: {{distance_m: {distance:.2g}, target_offset_w: {list_text((0.0, 0.0, offset))}}}")
    return lines


def _about(joint: MeasuredJoint) -> str:
    unit = "rad" if joint.is_revolute else "m"
    limits = f"{joint.lower:.3g} to {joint.upper:.3g} {unit}" if joint.has_limits else "no limits"
    effort = f", {joint.max_effort:g} {'N·m' if joint.is_revolute else 'N'}" if joint.max_effort > 0 else ""
    return f"{limits}{effort}; carries {joint.carried_mass_kg:.2g} kg"


def _why_fixed(proposal: Proposal) -> str:
    if proposal.robot.has_massless_root:
        return "the root has no mass, so PyBullet holds it"
    return "it stands on its root; false if it shall move about" if proposal.is_fixed else "it moves about"


def _why_start(proposal: Proposal) -> str:
    return "its lowest point touches the ground" if proposal.goal is Goal.WALK else "as in the model"


def _control(proposal: Proposal) -> list[str]:
    if proposal.goal is Goal.BALANCE:
        efforts = {joint.name: needed_effort(joint, proposal) for joint in proposal.driven}
        return [
            "  control:",
            "    mode: effort  # an action is a force or torque",
            "    # Of action 1: what accelerates all that hangs on the joint by about g. N or N·m.",
            *per_joint_lines("effort", efforts),
        ]
    return _motors(proposal) if proposal.wheels else _position_control(proposal)


def _position_control(proposal: Proposal) -> list[str]:
    step = choose_step(proposal)
    gains = {joint.name: choose_gains(joint, proposal, physics_dt_s=step) for joint in proposal.driven}
    yields = YIELD_RAD[proposal.goal]
    return [
        "  control:",
        "    mode: position  # an action shifts the target of a PD law away from the stance; another mode is `effort`",
        *per_joint_lines("action_scale_rad", {joint.name: action_scale(joint, proposal) for joint in proposal.driven}),
        f"    # A joint gives way by {yields:g} rad under the effort that carries its load, a leg by so little that",
        "    # the robot does not topple; softer where the PD law would be unstable with this step. N·m/rad or N/m.",
        *per_joint_lines("stiffness", {name: gain.stiffness for name, gain in gains.items()}),
        "    # 0.7 of critical damping for the inertia that the motor feels when the limb is free. N·m·s/rad or N·s/m.",
        *per_joint_lines("damping", {name: gain.damping for name, gain in gains.items()}),
        f"    # The model's limit, at least what carries the load and at most {MAX_OVER_NEED:g} times that. N·m or N.",
        *per_joint_lines("max_effort", {name: gain.max_effort for name, gain in gains.items()}),
    ]


def _motors(proposal: Proposal) -> list[str]:
    lines = [
        "  control:",
        "    mode: motors  # motors of the physics engine; wheels hold a speed, other joints a position",
        f"    actions: {names_text(joint.name for joint in proposal.driven)}",
        "    motors:  # gains: target of action 1, for each of the actions; max_effort carries the robot",
    ]
    for row, joint in enumerate(proposal.driven):
        if joint in proposal.wheels:
            mode, gain = "velocity", 2.0 * target_speed(proposal) / wheel_radius_m(joint, proposal)
            gain = min(gain, joint.max_speed) if joint.max_speed > 0 else gain
        else:
            mode, gain = "position", action_scale(joint, proposal)
        gains = [0.0] * len(proposal.driven)
        gains[row] = rounded(gain)
        effort = max_effort(joint, proposal)
        lines.append(
            f"      {quoted(joint.name)}: {{mode: {mode}, gains: {list_text(gains)}, "
            f"max_effort: {number_text(effort)}, offset: {number_text(proposal.stance.get(joint.name, 0.0))}}}"
        )
    return lines
