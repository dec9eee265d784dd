"""What is wrong with an MJCF model, found by reading it before PyBullet does; and the motors that it declares.

Format: mujoco.readthedocs.io, XMLreference. Called by robots/model_file.py.
"""

from __future__ import annotations

import os
from collections import Counter

from robots.errors import suggest
from robots.model_references import asset_folders, resolve_reference
from robots.model_xml import MAX_LENGTH_M, Element, Findings

JOINT_TYPES = ("hinge", "slide", "free", "ball", "fixed")
"""The last one is PyBullet's own."""
MOVABLE = ("hinge", "slide")
NUMBERS = {
    "body": ("pos", "quat", "euler"),
    "joint": ("pos", "axis", "range", "damping", "armature", "stiffness"),
    "geom": ("pos", "quat", "euler", "size", "fromto", "mass", "density"),
    "inertial": ("pos", "quat", "mass", "diaginertia", "fullinertia"),
    "motor": ("gear", "ctrlrange"),
}
"""Attributes that hold finite numbers."""


def check_mjcf(root: Element, findings: Findings) -> None:
    """Add every problem and warning to the findings."""
    bodies = [body for world in root.find_all("worldbody") for body in world.descendants() if body.tag == "body"]
    joints = [joint for body in bodies for joint in body.find_all("joint")]
    for element in root.descendants():
        for attribute in NUMBERS.get(element.tag, ()):
            findings.numbers(element, attribute, what=_name(element))
        if element.tag == "include":
            findings.problem(element, "include: PyBullet does not read included files; put everything into one file.")
    if not bodies:
        findings.problem(root, "model: has no <body> below <worldbody>.")
    _check_names(bodies, findings)
    _check_names(joints, findings)
    for joint in joints:
        _check_joint(joint, findings)
    if not any(joint.get("type", "hinge") in MOVABLE for joint in joints):
        findings.problem(root, f"model: has no joint that moves; a robot needs one of type {' or '.join(MOVABLE)}.")
    _check_masses(bodies, findings)
    _check_geoms(bodies, findings)
    for asset in root.find_all("asset"):
        for mesh in asset.find_all("mesh"):
            _check_mesh(mesh, asset_folders(root), findings)
    known = [joint.get("name", "") for joint in joints]
    for motor in _motors(root):
        name = motor.get("joint")
        if name is not None and name not in known:
            findings.problem(motor, f"actuator {motor.get('name', name)!r}: no joint {name!r}{suggest(name, known)}")


def motor_efforts(root: Element) -> dict[str, float]:
    """Return the greatest effort of each joint that a motor drives (N·m or N): gear times control range."""
    default = next((motor for each in root.find_all("default") for motor in each.find_all("motor")), None)
    efforts = {}
    for motor in _motors(root):
        control = motor.get("ctrlrange") or (default.get("ctrlrange") if default is not None else None) or "-1 1"
        largest = max((abs(float(word)) for word in control.split()), default=1.0)
        efforts[motor.get("joint", "")] = abs(float(motor.get("gear", "1").split()[0])) * largest
    return efforts


def _motors(root: Element) -> list[Element]:
    return [motor for each in root.find_all("actuator") for motor in each if isinstance(motor, Element)]


def _check_names(elements: list[Element], findings: Findings) -> None:
    counts = Counter(element.get("name") for element in elements)
    for element in elements:
        if (name := element.get("name")) and counts[name] > 1:
            findings.problem(element, f"{_name(element)}: {counts[name]} have this name; names must differ.")


def _check_joint(joint: Element, findings: Findings) -> None:
    kind, what = joint.get("type", "hinge"), _name(joint)
    if kind not in JOINT_TYPES:
        findings.problem(joint, f"{what}: type: got {kind!r}{suggest(kind, JOINT_TYPES)}")
    if not joint.get("name") and kind in MOVABLE:
        findings.problem(joint, f"{what}: has no name, by which a task could speak of it.")
    limits = findings.numbers(joint, "range", what=what, count=2) if kind in MOVABLE else None
    if limits is not None and limits[0] > limits[1]:
        findings.problem(
            joint, f"{what}: <joint range>: lower {limits[0]:g} is above upper {limits[1]:g}; exchange them."
        )
    axis = findings.numbers(joint, "axis", what=what, count=3)
    if axis is not None and not any(axis):
        findings.problem(joint, f"{what}: <joint axis>: got 0 0 0; an axis needs a direction.")


def _check_masses(bodies: list[Element], findings: Findings) -> None:
    for body in bodies:
        shapes = [*body.find_all("geom"), *body.find_all("inertial")]
        for shape in shapes:
            for attribute in ("mass", "density"):
                value = findings.number(shape, attribute, what=_name(body)) if shape.get(attribute) else None
                if value is not None and (
                    value < 0 or (value == 0 and len(shapes) == 1 and body.first("joint") is not None)
                ):
                    findings.problem(
                        shape,
                        f"{_name(body)}: <{shape.tag} {attribute}>: got {value:g}; a body that moves needs a mass.",
                    )
        if not shapes and body.first("joint") is not None and body.first("body") is None:
            findings.problem(body, f"{_name(body)}: moves, but has neither <geom> nor <inertial>, so no mass.")


def _check_geoms(bodies: list[Element], findings: Findings) -> None:
    for body in bodies:
        for geom in body.find_all("geom"):
            size = findings.numbers(geom, "size", what=_name(body)) if geom.get("type") != "plane" else None
            if size is not None and not 0 < min(size, default=0.0) <= max(size) <= MAX_LENGTH_M:
                seen = f"{_name(body)}: <geom size>: got {geom.get('size')!r}"
                findings.problem(geom, f"{seen}; allowed: above 0, up to {MAX_LENGTH_M:g} m.")


def _check_mesh(mesh: Element, folders: dict[str, str], findings: Findings) -> None:
    name = os.path.join(folders.get("mesh", ""), mesh.get("file", ""))
    if resolve_reference(findings.path, name) is None:
        findings.problem(
            mesh, f"{_name(mesh)}: <mesh file>: no file {name!r}; looked from {findings.path.parent} upwards."
        )


def _name(element: Element) -> str:
    name = element.get("name")
    return f"{element.tag} {name!r}" if name else element.tag
