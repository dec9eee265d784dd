"""What is wrong with a URDF or MJCF is found in its XML, with file, line and element, before PyBullet sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from robots.bullet.client import p
from robots.bullet.loading import load_bodies
from robots.errors import ModelFileError
from robots.model_file import check_model, declared_motors
from robots.model_references import copy_model, references
from robots.model_xml import MAX_BYTES
from tests.robots.models import write_arm, write_hopper

MESH = '<mesh filename="package://arm/meshes/upper.stl"/>'


def test_a_sound_model_has_no_problem(tmp_path: Path) -> None:
    assert check_model(write_arm(tmp_path)) == ()
    assert check_model(write_hopper(tmp_path)) == ()


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        (12, ('<box size="0.05 0.05 0.4"/>', MESH), r"link 'upper': collision: <mesh filename>: no file 'package://arm"),
        (12, ("0.05 0.05 0.4", "0.05 0 0.4"), r"link 'upper': collision: <box size>: got 0.05 0 0.4 m; allowed: abo"),
        (12, ("0.05 0.05 0.4", "5 5 1e9"), r"link 'upper': collision: <box size>: .* up to 1000 m"),
        (12, ("0.05 0.05 0.4", "0.05 0.05"), r"link 'upper': collision: <box size>: expected 3 numbers, got '0.05"),
        (7, ('value="1.0"', 'value="0"'), r"link 'upper': <mass value>: got 0; a link that moves on a joint"),
        (7, ('value="1.0"', 'value="-1"'), r"link 'upper': <mass value>: got -1 kg; a mass is not negative"),
        (7, ('value="1.0"', 'value="1e30"'), r"link 'upper': <mass value>: got 1e\+30 kg; allowed: 1e-06 to 1e\+06"),
        (7, ('value="1.0"', 'value="heavy"'), r"link 'upper': <mass value>: expected a number, got 'heavy'"),
        (8, ('ixx="0.01"', 'ixx="nan"'), r"link 'upper': <inertia ixx>: got 'nan', which is not finite"),
        (8, ('ixx="0.01"', 'ixx="inf"'), r"link 'upper': <inertia ixx>: got 'inf', which is not finite"),
        (8, ('ixx="0.01"', 'ixx="-1"'), r"link 'upper': <inertia ixx>: got -1 kg"),
        (5, ('ixx="0.01" ', ""), r"link 'upper': <inertial> has no <inertia> with ixx, iyy, izz"),
        (31, ('lower="-1.5" upper="1.5"', 'lower="1.5" upper="-1.5"'), r"joint 'shoulder': <limit>: lower 1.5 is abo"),
        (31, ('effort="40"', 'effort="-40"'), r"joint 'shoulder': <limit effort>: got -40; expected 0 or more"),
        (30, ('<axis xyz="0 1 0"/>', '<axis xyz="0 0 0"/>'), r"joint 'shoulder': <axis xyz>: got 0 0 0"),
        (29, ('xyz="0 0 0.1"', 'xyz="1e20 0 0"'), r"joint 'shoulder': <origin xyz>: got 1e20 0 0 m; allowed: up to"),
        (26, ('name="shoulder" type="revolute"', 'name="shoulder" type="revolt"'), r"type: got 'revolt'; did you"),
        (26, ('<joint name="shoulder"', "<joint"), r"joint: has no name"),
        (26, ('<limit lower="-1.5" upper="1.5" effort="40" velocity="5"/>', ""), r"joint 'shoulder': has no <limit>, "),
        (33, ('<parent link="upper"/>', '<parent link="uper"/>'), r"joint 'elbow': parent: no link 'uper'; did you"),
        (33, ('name="elbow"', 'name="shoulder"'), r"joint 'shoulder': 2 have this name; names must differ"),
        (2, ('<child link="upper"/>', '<child link="base"/>'), r"robot: the joints form a loop through link 'base'"),
    ],
)  # fmt: skip
def test_a_problem_of_a_urdf_is_named_with_its_line(
    tmp_path: Path, line: int, change: tuple[str, str], message: str
) -> None:
    path = write_arm(tmp_path, change)
    with pytest.raises(ModelFileError, match=rf"(?m)^{path}:{line}: .*{message}"):
        check_model(path)


def test_a_model_without_a_joint_that_moves_is_refused(tmp_path: Path) -> None:
    path = write_arm(tmp_path, ('type="revolute"', 'type="fixed"'), ('type="revolute"', 'type="fixed"'))
    with pytest.raises(ModelFileError, match=r"has no joint that moves; a robot needs one of type revolute"):
        check_model(path)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = write_arm(tmp_path, ('value="1.0"', 'value="0"'), ('ixx="0.005"', 'ixx="nan"'))
    with pytest.raises(ModelFileError) as caught:
        check_model(path)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('range="-1 1"', 'range="1 -1"'), r":7: joint 'hip': <joint range>: lower 1 is above upper -1; exchange them"),
        (('name="hip" type', "type"), r":7: joint: has no name, by which a task could speak of it"),
        (('type="hinge"', 'type="hing"'), r":7: joint 'hip': type: got 'hing'; did you mean 'hinge'"),
        (('axis="0 1 0"', 'axis="0 0 0"'), r":7: joint 'hip': <joint axis>: got 0 0 0"),
        (('joint="hip" gear', 'joint="hop" gear'), r":13: actuator 'hop': no joint 'hop'; did you mean 'hip'"),
        (('size="0.03" density="1000"', 'size="0.03" mass="nan"'), r":8: geom 'leg_geom': <geom mass>: got 'nan'"),
        (('size="0.03" density="1000"', 'size="0.03" mass="0"'), r":8: body 'leg': <geom mass>: got 0; a body that"),
        (('size="0.03"', 'size="0"'), r":8: body 'leg': <geom size>: got '0'; allowed: above 0"),
        (("<worldbody>", '<include file="a.xml"/><worldbody>'), r":3: include: PyBullet does not read included files"),
        (("<worldbody>", '<asset><mesh name="m" file="m.stl"/></asset><worldbody>'), r":3: mesh 'm': <mesh file>: no"),
    ],
)  # fmt: skip
def test_a_problem_of_an_mjcf_is_named_with_its_line(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(ModelFileError, match=message):
        check_model(write_hopper(tmp_path, change))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.urdf", "", r"a.urdf: is empty; expected a URDF or MJCF model"),
        ("a.urdf", "  \n", r"a.urdf: is empty"),
        ("a.urdf", "hello", r"a.urdf:1:1: not valid XML: syntax error"),
        ("a.urdf", "<robot>\n<link>\n</robot>", r"a.urdf:3:3: not valid XML: mismatched tag"),
        ("a.urdf", "<mujoco/>", r"a.urdf:1: begins with <mujoco>; expected <robot>"),
        ("a.xml", "<robot/>", r"a.xml:1: begins with <robot>; expected <mujoco>"),
        ("a.urdf", "<robot/>", r"a.urdf:1: robot: has no <link>"),
        ("a.urdf", '<!DOCTYPE r [<!ENTITY a "b">]><robot/>', r"it declares entities, which no robot model needs"),
        ("a.obj", "v 0 0 0", r"unknown format '.obj'; allowed: .urdf, .xml"),
        ("a.urdf", " " * (MAX_BYTES + 1) + "<robot/>", r"has 20 MB; allowed: 20 MB"),
    ],
)  # fmt: skip
def test_what_is_no_model_is_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ModelFileError, match=message):
        check_model(tmp_path / name)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"arm.urdf: no such file; looked at "):
        check_model(tmp_path / "arm.urdf")


def test_what_pybullet_reads_otherwise_is_a_warning(tmp_path: Path) -> None:
    path = write_arm(
        tmp_path,
        ('lower="-1.5" upper="1.5" effort="40"', 'lower="1" upper="-1" effort="0"'),
        ('lower="-2"', 'lower="-2."'),
        ('upper="2"', 'upper="2.0."'),
    )
    first, second = check_model(path)
    assert first.endswith("as its effort is 0, it counts as a passive joint without limits.")
    assert second.endswith("<limit upper>: '2.0.' is read as 2.0.")


def test_a_joint_that_its_limits_hold_still_is_a_warning(tmp_path: Path) -> None:
    (warning,) = check_model(write_arm(tmp_path, ('lower="-1.5" upper="1.5"', 'lower="0" upper="0"')))
    assert ":31: joint 'shoulder': <limit>: lower and upper are both 0, so it cannot move; give it a range" in warning


def test_blank_lines_before_the_declaration_are_forgiven(tmp_path: Path) -> None:
    path = write_arm(tmp_path, ("<?xml", "\n\n<?xml"), ('value="1.0"', 'value="0"'))
    with pytest.raises(ModelFileError, match=rf"^{path}:9: "):
        check_model(path)


def test_the_loader_checks_first(tmp_path: Path) -> None:
    client = p.connect(p.DIRECT)
    try:
        with pytest.raises(ModelFileError, match=r"arm.urdf:7: link 'upper': <mass value>: got 0"):
            load_bodies(str(write_arm(tmp_path, ('value="1.0"', 'value="0"'))), client)
    finally:
        p.disconnect(client)


def test_motors_of_an_mjcf_have_an_effort(tmp_path: Path) -> None:
    """gear 30 times a control of at most 2."""
    assert declared_motors(write_hopper(tmp_path)) == {"hip": 60.0}
    assert declared_motors(write_arm(tmp_path)) == {}


def test_a_mesh_is_looked_for_from_the_model_upwards(tmp_path: Path) -> None:
    (tmp_path / "arm" / "urdf").mkdir(parents=True)
    (tmp_path / "arm" / "meshes").mkdir()
    mesh = tmp_path / "arm" / "meshes" / "upper.stl"
    mesh.write_text("solid")
    path = write_arm(tmp_path / "arm" / "urdf", ('<box size="0.05 0.05 0.4"/>', MESH))
    assert check_model(path) == ()
    assert references(path) == {"package://arm/meshes/upper.stl": mesh}


def test_a_copy_holds_the_meshes_in_their_places(tmp_path: Path) -> None:
    (tmp_path / "arm" / "meshes").mkdir(parents=True)
    (tmp_path / "arm" / "meshes" / "upper.stl").write_text("solid")
    path = write_arm(tmp_path / "arm", ('<box size="0.05 0.05 0.4"/>', '<mesh filename="meshes/upper.stl"/>'))
    assert copy_model(path, tmp_path / "copy") == Path("arm.urdf")
    assert (tmp_path / "copy" / "meshes" / "upper.stl").read_text() == "solid"
    assert check_model(tmp_path / "copy" / "arm.urdf") == ()


def test_a_copy_names_no_absolute_path(tmp_path: Path) -> None:
    mesh = tmp_path / "upper.stl"
    mesh.write_text("solid")
    path = write_arm(tmp_path, ('<box size="0.05 0.05 0.4"/>', f'<mesh filename="{mesh}"/>'))
    copy_model(path, tmp_path / "copy")
    assert str(tmp_path) not in (tmp_path / "copy" / "arm.urdf").read_text()


def test_meshdir_of_an_mjcf_is_where_meshes_are(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "m.stl").write_text("solid")
    path = write_hopper(
        tmp_path,
        ('<compiler angle="radian"/>', '<compiler angle="radian" meshdir="assets"/>'),
        ("<worldbody>", '<asset><mesh name="m" file="m.stl"/></asset><worldbody>'),
    )
    assert check_model(path) == ()
    assert references(path) == {"m.stl": tmp_path / "assets" / "m.stl"}
