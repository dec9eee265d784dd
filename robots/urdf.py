"""What is wrong with a URDF, found by reading it before PyBullet does, which may crash, hang or keep silent.

Format: wiki.ros.org/urdf/XML. What PyBullet does with doubtful values is noted where it matters. Called by
robots/model_file.py.
"""

from __future__ import annotations

from collections import Counter

from robots.errors import suggest
from robots.model_references import resolve_reference
from robots.model_xml import MASS_RANGE_KG, MAX_LENGTH_M, Element, Findings

JOINT_TYPES = ("revolute", "continuous", "prismatic", "fixed", "floating", "planar", "spherical")
MOVABLE = ("revolute", "continuous", "prismatic")
"""Joints that can be driven or swing; the state holds no others."""
INERTIAS = ("ixx", "iyy", "izz", "ixy", "ixz", "iyz")
SIZES = {"box": ("size", 3), "sphere": ("radius", 1), "cylinder": ("radius length", 1), "capsule": ("radius length", 1)}
MAX_JOINTS = 128
"""PyBullet's MAX_DEGREE_OF_FREEDOM: beyond it states are cut off silently."""


def check_urdf(root: Element, findings: Findings) -> None:
    """Add every problem and warning to the findings."""
    links, joints = root.find_all("link"), root.find_all("joint")
    if not links:
        findings.problem(root, "robot: has no <link>; expected at least two that a joint connects.")
        return
    for joint in joints:
        if joint.get("type") in ("floating", "planar", "spherical"):
            findings.warn(
                joint, f"joint {joint.get('name')!r}: of type {joint.get('type')}: it stays free; no task drives it."
            )
    _check_names(links, "link", findings)
    _check_names(joints, "joint", findings)
    names = {name for link in links if (name := link.get("name"))}
    for joint in joints:
        _check_joint(joint, names, findings)
    if not any(joint.get("type") in MOVABLE for joint in joints):
        findings.problem(root, f"robot: has no joint that moves; a robot needs one of type {', '.join(MOVABLE)}.")
    if sum(joint.get("type") in MOVABLE for joint in joints) > MAX_JOINTS:
        findings.problem(root, f"robot: has more than {MAX_JOINTS} joints that move, which PyBullet cannot hold.")
    child_joints = {_end(joint, "child"): joint for joint in joints}
    _check_tree(root, names, joints, findings)
    for link in links:
        _check_link(link, child_joints.get(link.get("name", "")), findings)


def _check_names(elements: list[Element], kind: str, findings: Findings) -> None:
    counts = Counter(element.get("name") for element in elements)
    for element in elements:
        name = element.get("name")
        if not name:
            findings.problem(element, f"{kind}: has no name.")
        elif counts[name] > 1:
            findings.problem(element, f"{kind} {name!r}: {counts[name]} have this name; names must differ.")


def _check_joint(joint: Element, links: set[str], findings: Findings) -> None:
    what = f"joint {joint.get('name', '')!r}"
    kind = joint.get("type", "")
    if kind not in JOINT_TYPES:
        findings.problem(joint, f"{what}: type: got {kind!r}{suggest(kind, JOINT_TYPES)}")
    for end in ("parent", "child"):
        link = _end(joint, end)
        if link not in links:
            findings.problem(joint, f"{what}: {end}: no link {link!r}{suggest(link, sorted(links))}")
    _check_origin(joint, what, findings)
    axis = joint.first("axis")
    if axis is not None and kind in MOVABLE:
        numbers = findings.numbers(axis, "xyz", what=what, count=3)
        if numbers is not None and not any(numbers):
            findings.problem(axis, f"{what}: <axis xyz>: got 0 0 0; an axis needs a direction.")
    if kind in ("revolute", "prismatic"):
        _check_limits(joint, what, findings)


def _check_limits(joint: Element, what: str, findings: Findings) -> None:
    limit = joint.first("limit")
    if limit is None:
        kind = joint.get("type")
        findings.problem(joint, f"{what}: has no <limit>, which a {kind} joint needs; one without is `continuous`.")
        return
    lower = findings.number(limit, "lower", what=what) or 0.0
    upper = findings.number(limit, "upper", what=what) or 0.0
    effort = findings.number(limit, "effort", what=what)
    findings.number(limit, "velocity", what=what)
    if effort is not None and effort < 0:
        findings.problem(limit, f"{what}: <limit effort>: got {effort:g}; expected 0 or more (N·m or N).")
    if lower == upper and limit.get("lower") is not None and limit.get("upper") is not None:
        text = f"{what}: <limit>: lower and upper are both {lower:g}, so it cannot move"
        findings.warn(limit, f"{text}; give it a range, or make it `continuous` or `fixed`.")
    if lower <= upper:
        return
    text = f"{what}: <limit>: lower {lower:g} is above upper {upper:g}"
    if effort == 0:  # PyBullet's own way to write a passive joint without limits, as in its biped
        findings.warn(limit, f"{text}; as its effort is 0, it counts as a passive joint without limits.")
    else:
        findings.problem(limit, f"{text}; exchange them, or make it `continuous` if it has no limits.")


def _check_link(link: Element, joint: Element | None, findings: Findings) -> None:
    what = f"link {link.get('name', '')!r}"
    inertial = link.first("inertial")
    if inertial is None:
        if link.first("collision") is not None or link.first("visual") is not None:
            findings.warn(link, f"{what}: has no <inertial>; PyBullet gives it 1 kg.")
    else:
        _check_inertial(inertial, joint, what, findings)
    for shape in (*link.find_all("visual"), *link.find_all("collision")):
        _check_origin(shape, what, findings)
        for geometry in shape.find_all("geometry"):
            _check_geometry(geometry, f"{what}: {shape.tag}", findings)


def _check_inertial(inertial: Element, joint: Element | None, what: str, findings: Findings) -> None:
    _check_origin(inertial, what, findings)
    mass = inertial.first("mass")
    value = findings.number(mass, "value", what=what) if mass is not None else None
    if mass is None:
        findings.problem(inertial, f"{what}: <inertial> has no <mass>.")
    elif value is not None and value < 0:
        findings.problem(mass, f"{what}: <mass value>: got {value:g} kg; a mass is not negative.")
    elif value is not None and value != 0 and not MASS_RANGE_KG[0] <= value <= MASS_RANGE_KG[1]:
        low, high = MASS_RANGE_KG
        findings.problem(mass, f"{what}: <mass value>: got {value:g} kg; allowed: {low:g} to {high:g}.")
    elif value == 0 and joint is not None and joint.get("type") in MOVABLE:
        findings.problem(
            mass,
            f"{what}: <mass value>: got 0; a link that moves on a joint ({joint.get('name')!r}) needs a mass (kg).",
        )
    inertia = inertial.first("inertia")
    if inertia is None or any(inertia.get(name) is None for name in INERTIAS[:3]):
        findings.problem(
            inertial, f"{what}: <inertial> has no <inertia> with {', '.join(INERTIAS[:3])}; PyBullet wants it."
        )
        return
    for name in INERTIAS:
        number = findings.number(inertia, name, what=what)
        if number is not None and number < 0 and name in INERTIAS[:3]:
            findings.problem(inertia, f"{what}: <inertia {name}>: got {number:g} kg·m²; it is not negative.")


def _check_origin(element: Element, what: str, findings: Findings) -> None:
    origin = element.first("origin")
    if origin is None:
        return
    findings.numbers(origin, "rpy", what=what, count=3)
    place = findings.numbers(origin, "xyz", what=what, count=3)
    if place is not None and max(map(abs, place)) > MAX_LENGTH_M:
        findings.problem(origin, f"{what}: <origin xyz>: got {origin.get('xyz')} m; allowed: up to {MAX_LENGTH_M:g} m.")


def _check_geometry(geometry: Element, what: str, findings: Findings) -> None:
    for tag, (attributes, count) in SIZES.items():
        for shape in geometry.find_all(tag):
            for attribute in attributes.split():
                numbers = findings.numbers(shape, attribute, what=what, count=count)
                if numbers is not None and not 0 < min(numbers) <= max(numbers) <= MAX_LENGTH_M:
                    note = findings.warn if what.endswith("visual") else findings.problem
                    seen = f"{what}: <{tag} {attribute}>: got {shape.get(attribute)} m"
                    note(shape, f"{seen}; allowed: above 0, up to {MAX_LENGTH_M:g} m.")
    for mesh in geometry.find_all("mesh"):
        name = mesh.get("filename", "")
        if resolve_reference(findings.path, name) is None:
            findings.problem(
                mesh, f"{what}: <mesh filename>: no file {name!r}; looked from {findings.path.parent} upwards."
            )
        findings.numbers(mesh, "scale", what=what)


def _check_tree(root: Element, links: set[str], joints: list[Element], findings: Findings) -> None:
    """Links form one tree: a loop would keep the physics engine busy for ever."""
    parents: dict[str, str] = {}
    for joint in joints:
        child, parent = _end(joint, "child"), _end(joint, "parent")
        if child in parents:
            findings.problem(joint, f"joint {joint.get('name')!r}: child: link {child!r} has another joint above it.")
        parents[child] = parent
    tops = sorted(links - set(parents))
    if len(tops) > 1:
        findings.problem(
            root, f"robot: {len(tops)} links have no joint above them ({', '.join(tops[:4])}); one is allowed."
        )
    for link in links:
        seen = {link}
        while (link := parents.get(link, "")) and link not in seen:
            seen.add(link)
        if link:
            findings.problem(root, f"robot: the joints form a loop through link {link!r}; links must form a tree.")
            return


def _end(joint: Element, end: str) -> str:
    element = joint.first(end)
    return element.get("link", "") if element is not None else ""
