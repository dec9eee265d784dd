"""Small robot models that tests write and break."""

from __future__ import annotations

from pathlib import Path

ARM_URDF = """\
<?xml version="1.0"?>
<robot name="arm">
  <link name="base"/>
  <link name="upper">
    <inertial>
      <origin xyz="0 0 0.2"/>
      <mass value="1.0"/>
      <inertia ixx="0.01" ixy="0" ixz="0" iyy="0.01" iyz="0" izz="0.001"/>
    </inertial>
    <collision>
      <origin xyz="0 0 0.2"/>
      <geometry><box size="0.05 0.05 0.4"/></geometry>
    </collision>
  </link>
  <link name="lower">
    <inertial>
      <origin xyz="0 0 0.15"/>
      <mass value="0.5"/>
      <inertia ixx="0.005" ixy="0" ixz="0" iyy="0.005" iyz="0" izz="0.0005"/>
    </inertial>
    <collision>
      <origin xyz="0 0 0.15"/>
      <geometry><cylinder radius="0.02" length="0.3"/></geometry>
    </collision>
  </link>
  <joint name="shoulder" type="revolute">
    <parent link="base"/>
    <child link="upper"/>
    <origin xyz="0 0 0.1"/>
    <axis xyz="0 1 0"/>
    <limit lower="-1.5" upper="1.5" effort="40" velocity="5"/>
  </joint>
  <joint name="elbow" type="revolute">
    <parent link="upper"/>
    <child link="lower"/>
    <origin xyz="0 0 0.4"/>
    <axis xyz="0 1 0"/>
    <limit lower="-2" upper="2" effort="20" velocity="5"/>
  </joint>
</robot>
"""
"""Two links of 0.4 and 0.3 m that turn about y; its base has no <inertial>."""

HOPPER_MJCF = """\
<mujoco model="hopper">
  <compiler angle="radian"/>
  <worldbody>
    <body name="torso" pos="0 0 1">
      <geom name="torso_geom" type="sphere" size="0.1" density="1000"/>
      <body name="leg" pos="0 0 -0.1">
        <joint name="hip" type="hinge" axis="0 1 0" range="-1 1"/>
        <geom name="leg_geom" type="capsule" fromto="0 0 0 0 0 -0.4" size="0.03" density="1000"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="hip" gear="30" ctrlrange="-2 2"/>
  </actuator>
</mujoco>
"""
"""A leg of 0.4 m below a ball."""


def write_arm(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the arm with each first text replaced by the second; each must stand there."""
    return _write(folder / "arm.urdf", ARM_URDF, changes)


def write_hopper(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the hopper with each first text replaced by the second; each must stand there."""
    return _write(folder / "hopper.xml", HOPPER_MJCF, changes)


def _write(path: Path, text: str, changes: tuple[tuple[str, str], ...]) -> Path:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return path
