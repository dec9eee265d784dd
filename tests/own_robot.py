"""A robot that nobody wrote a task for: a URDF with a mesh, and the YAML file that declares a task for it."""

from pathlib import Path

URDF = """\
<robot name="arm">
  <link name="base">
    <visual><geometry><mesh filename="meshes/plate.obj"/></geometry></visual>
  </link>
  <link name="rod">
    <inertial>
      <origin xyz="0 0 -0.5"/><mass value="1.0"/>
      <inertia ixx="0.1" ixy="0" ixz="0" iyy="0.1" iyz="0" izz="0.01"/>
    </inertial>
    <collision><origin xyz="0 0 -0.5"/><geometry><sphere radius="0.1"/></geometry></collision>
  </link>
  <joint name="hinge" type="revolute">
    <parent link="base"/><child link="rod"/><axis xyz="0 1 0"/>
    <limit lower="-3" upper="3" effort="10" velocity="10"/>
  </joint>
</robot>
"""
MESH = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"
YAML = """\
# Swing a rod.
robot:
  model: models/arm.urdf  # made in CAD
  joints: [hinge]
  control: {mode: effort, effort: {hinge: 5.0}}
  is_fixed: true
  start_position_w: [0, 0, 2]
  camera: {distance_m: 4.0}
physics_dt_s: 0.01
control_dt_s: 0.02
episode_length_s: 0.4
observations:
  joint_position: {joints: all}
  joint_velocity: {joints: all}
rewards:
  alive: {weight: 1.0}
resets:
  offset_joint_position: {joints: all, half_range: 0.1}
"""


def write_robot(folder: Path, *, text: str = YAML) -> Path:
    """Write the robot's files below `folder`; return the YAML file."""
    (folder / "models" / "meshes").mkdir(parents=True)
    (folder / "models" / "arm.urdf").write_text(URDF)
    (folder / "models" / "meshes" / "plate.obj").write_text(MESH)
    path = folder / "arm.yaml"
    path.write_text(text)
    return path
