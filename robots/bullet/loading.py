"""Load grounds, robots and objects into a PyBullet client, and read what a model says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from robots.bullet.client import p, pybullet_data
from robots.errors import ModelFileError, TaskDefinitionError, suggest
from robots.scene import ObjectKind
from robots.spec import Substeps
from robots.state import RobotModel

if TYPE_CHECKING:
    from robots.scene import ObjectSpec
    from robots.spec import RobotSpec, TaskSpec


def set_physics(task: TaskSpec, client: int) -> None:
    """Set gravity and solver."""
    solver = task.solver
    num_solver_substeps = task.num_substeps if solver.substeps is Substeps.IN_SOLVER else 1
    p.setGravity(0, 0, -solver.gravity_m_s2, physicsClientId=client)
    p.setPhysicsEngineParameter(
        fixedTimeStep=task.physics_dt_s * num_solver_substeps,
        numSubSteps=num_solver_substeps,
        numSolverIterations=solver.num_iterations,
        deterministicOverlappingPairs=1,
        physicsClientId=client,
    )
    if solver.contact_erp is not None:
        p.setDefaultContactERP(solver.contact_erp, physicsClientId=client)


def load_ground(task: TaskSpec, client: int) -> int:
    """Load the ground; return its body. Raises ModelFileError."""
    assert task.ground is not None
    ground = load_model(task.ground.model, client)
    p.changeDynamics(
        ground,
        -1,
        lateralFriction=task.ground.lateral_friction,
        restitution=task.ground.restitution,
        physicsClientId=client,
    )
    return ground


def load_robot(robot: RobotSpec, client: int) -> int:
    """Load the robot's file; return the body that has its joints. Raises ModelFileError."""
    flags = 0
    if robot.has_self_collision:
        flags = p.URDF_USE_SELF_COLLISION | p.URDF_USE_SELF_COLLISION_EXCLUDE_ALL_PARENTS
    bodies = _load_bodies(robot.model, client, flags=flags, is_fixed=robot.is_fixed)
    return next((body for body in bodies if robot.joints[0] in _movable_joints(body, client)), bodies[0])


def load_object(spec: ObjectSpec, client: int) -> int:
    """Create an object in its place; return its body. Raises TaskDefinitionError."""
    shapes = {
        "box": (p.GEOM_BOX, {"halfExtents": spec.size_m}, {"halfExtents": spec.size_m}),
        "sphere": (p.GEOM_SPHERE, {"radius": spec.size_m[0]}, {"radius": spec.size_m[0]}),
        "cylinder": (
            p.GEOM_CYLINDER,
            {"radius": spec.size_m[0], "height": spec.size_m[-1]},
            {"radius": spec.size_m[0], "length": spec.size_m[-1]},
        ),
    }
    if spec.shape not in shapes or len(spec.size_m) != {"box": 3, "sphere": 1, "cylinder": 2}[spec.shape]:
        raise TaskDefinitionError(
            f"{spec.name}: shape: {spec.shape!r} with {len(spec.size_m)} sizes; "
            "allowed: box (3), sphere (1), cylinder (2)"
        )
    kind, collision, visual = shapes[spec.shape]
    is_ghost = spec.kind is ObjectKind.GHOST
    body = p.createMultiBody(
        baseMass=spec.mass_kg if spec.kind is ObjectKind.FREE else 0.0,
        baseCollisionShapeIndex=-1 if is_ghost else p.createCollisionShape(kind, **collision, physicsClientId=client),
        baseVisualShapeIndex=p.createVisualShape(kind, **visual, rgbaColor=spec.color_rgba, physicsClientId=client),
        basePosition=spec.start_position_w,
        baseOrientation=spec.start_quaternion_w,
        physicsClientId=client,
    )
    if not is_ghost:
        p.changeDynamics(
            body,
            -1,
            lateralFriction=spec.lateral_friction,
            spinningFriction=spec.spinning_friction,
            physicsClientId=client,
        )
    return body


def load_model(model: str, client: int) -> int:
    """Load a model file; return its first body. Raises ModelFileError."""
    return _load_bodies(model, client)[0]


def _load_bodies(model: str, client: int, *, flags: int = 0, is_fixed: bool = False) -> tuple[int, ...]:
    path, remedy = Path(model), "correct the path"
    if path.parts[0] == "pybullet_data":
        path = Path(pybullet_data.getDataPath(), *path.parts[1:])
        remedy = "install PyBullet again: python -m pip install --force-reinstall pybullet"
    if not path.is_file():
        raise ModelFileError(f"{model}: no such file; looked at {path.resolve()}; {remedy}.")
    try:
        if path.suffix == ".urdf":
            return (p.loadURDF(str(path), useFixedBase=is_fixed, flags=flags, physicsClientId=client),)
        if path.suffix == ".sdf":
            return p.loadSDF(str(path), physicsClientId=client)
        if path.suffix == ".xml":
            flags |= p.URDF_GOOGLEY_UNDEFINED_COLORS  # all links are grey otherwise
            return p.loadMJCF(str(path), flags=flags, physicsClientId=client)
    except p.error as err:
        raise ModelFileError(f"{model}: PyBullet cannot read it ({err}); check that it is valid XML") from err
    raise ModelFileError(f"{model}: unknown format {path.suffix!r}; allowed: .urdf, .xml (MJCF), .sdf")


def joint_indices(robot: RobotSpec, body: int, client: int) -> dict[str, int]:
    """Return PyBullet's index of each of the robot's joints, in its order. Raises TaskDefinitionError."""
    indices = _movable_joints(body, client)
    for name in robot.all_joints:
        if name not in indices:
            raise TaskDefinitionError(
                f"{robot.name}: joints: {robot.model} has no joint {name!r}{suggest(name, indices)}"
            )
    return {name: indices[name] for name in robot.all_joints}


def _movable_joints(body: int, client: int) -> dict[str, int]:
    infos = [p.getJointInfo(body, i, physicsClientId=client) for i in range(p.getNumJoints(body, client))]
    return {info[1].decode(): info[0] for info in infos if info[2] in (p.JOINT_REVOLUTE, p.JOINT_PRISMATIC)}


def read_model(robot: RobotSpec, body: int, client: int) -> RobotModel:
    """Return names and limits. Raises TaskDefinitionError."""
    base_name = p.getBodyInfo(body, physicsClientId=client)[0].decode()
    infos = [p.getJointInfo(body, i, physicsClientId=client) for i in range(p.getNumJoints(body, client))]
    joints = [infos[index] for index in joint_indices(robot, body, client).values()]
    return RobotModel(
        joint_names=robot.all_joints,
        link_names=(base_name, *(info[12].decode() for info in infos)),
        joint_lower=np.array([info[8] for info in joints]),
        joint_upper=np.array([info[9] for info in joints]),
        joint_effort_limit=np.array([info[10] for info in joints]),
        default_joint_position=np.array([robot.default_joint_position.get(n, 0.0) for n in robot.all_joints]),
    )
