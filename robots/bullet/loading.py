"""Load grounds, robots and objects into a PyBullet client, and read what a model says."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from robots.bullet.client import p, pybullet_data
from robots.errors import ModelFileError, TaskDefinitionError, suggest
from robots.model_file import PACKAGED, ROOTS, check_model
from robots.rotations import compose, inverse
from robots.scene import ObjectKind, View
from robots.spec import Substeps
from robots.state import RobotModel

if TYPE_CHECKING:
    from robots.scene import Ground, ObjectSpec
    from robots.spec import RobotSpec, TaskSpec
    from robots.terrain import HeightField

_INSTALL_AGAIN = "python -m pip install --force-reinstall pybullet"


def set_physics(task: TaskSpec, client: int) -> None:
    """Set gravity and solver."""
    solver = task.solver
    num_solver_substeps = task.num_substeps if solver.substeps is Substeps.IN_SOLVER else 1
    p.setGravity(0, 0, -solver.gravity_m_s2, physicsClientId=client)
    p.setPhysicsEngineParameter(
        fixedTimeStep=task.physics_dt_s * num_solver_substeps,
        numSubSteps=num_solver_substeps,
        numSolverIterations=solver.num_iterations,
        enableConeFriction=int(not solver.has_friction_pyramid),
        deterministicOverlappingPairs=1,
        physicsClientId=client,
    )
    if solver.contact_erp is not None:
        p.setDefaultContactERP(solver.contact_erp, physicsClientId=client)


def load_ground(ground: Ground, terrain: HeightField, client: int) -> int:
    """Load the ground, which is the terrain if it declares one; return its body. Raises ModelFileError."""
    body = load_model(ground.model, client) if ground.terrain is None else _create_terrain(terrain, client)
    p.changeDynamics(
        body, -1, lateralFriction=ground.lateral_friction, restitution=ground.restitution, physicsClientId=client
    )
    return body


def load_robot(robot: RobotSpec, client: int, *, view: View) -> int:
    """Load the robot's file; return the body that has its joints. Raises ModelFileError."""
    flags = 0
    if robot.has_self_collision:
        flags = p.URDF_USE_SELF_COLLISION | p.URDF_USE_SELF_COLLISION_EXCLUDE_ALL_PARENTS
    if robot.has_round_cylinders:
        flags |= p.URDF_USE_IMPLICIT_CYLINDER
    if view is View.NONE:
        flags |= p.URDF_IGNORE_VISUAL_SHAPES
    bodies = load_bodies(robot.model, client, flags=flags, fixed_at=_fixed_pose(robot))
    return next((body for body in bodies if robot.joints[0] in movable_joints(body, client)), bodies[0])


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
    return load_bodies(model, client)[0]


def set_link_friction(robot: RobotSpec, body: int, client: int) -> None:
    """Give links the friction that the robot declares. Raises TaskDefinitionError."""
    names = _link_names(body, client)
    for name, (lateral, spinning) in robot.link_friction.items():
        if name not in names:
            raise TaskDefinitionError(
                f"{robot.name}: link_friction: {robot.model} has no link {name!r}{suggest(name, names)}"
            )
        link = names.index(name) - 1
        p.changeDynamics(body, link, lateralFriction=lateral, spinningFriction=spinning, physicsClientId=client)


def _create_terrain(terrain: HeightField, client: int) -> int:
    heights, cell_m = terrain.heights_m, terrain.cell_m
    num_x, num_y = heights.shape
    shape = p.createCollisionShape(
        p.GEOM_HEIGHTFIELD,
        meshScale=(cell_m, cell_m, 1.0),
        heightfieldData=heights.T.ravel().tolist(),  # x changes fastest
        numHeightfieldRows=num_x,
        numHeightfieldColumns=num_y,
        physicsClientId=client,
    )
    corner_x, corner_y = terrain.corner_xy_w
    # PyBullet puts the body's origin in the middle of the field, also between its lowest and its highest point.
    middle = (
        corner_x + (num_x - 1) / 2 * cell_m,
        corner_y + (num_y - 1) / 2 * cell_m,
        (heights.min() + heights.max()) / 2,
    )
    return p.createMultiBody(0.0, shape, basePosition=middle, physicsClientId=client)


def _fixed_pose(robot: RobotSpec) -> dict[str, Any]:
    if not robot.is_fixed:
        return {}
    return {
        "useFixedBase": True,
        "basePosition": robot.start_position_w,
        "baseOrientation": compose(robot.start_quaternion_w, inverse(robot.base_axes)),
    }


def is_packaged(model: str) -> bool:
    """Whether a model comes with PyBullet."""
    return model.startswith(PACKAGED)


def find_model(model: str) -> Path:
    """Return where a model's file is. Raises ModelFileError where there is none."""
    path = Path(model)
    if is_packaged(model):
        path = Path(pybullet_data.getDataPath(), *path.parts[1:])
    if not path.is_file():
        raise ModelFileError(f"{model}: no such file; looked at {path.resolve()}; {_remedy(model)}.")
    return path


def _remedy(model: str) -> str:
    """Return what may help where a model's file is missing."""
    if not is_packaged(model):
        return "correct the path"
    folder = Path(pybullet_data.getDataPath())
    brought = (path.relative_to(folder.parent) for end in ROOTS for path in folder.rglob(f"*{end}"))
    if nearest := difflib.get_close_matches(model, map(str, brought), n=1):
        return f"did you mean {nearest[0]}? If the path is right, install PyBullet again: {_INSTALL_AGAIN}"
    return f"correct the path, or install PyBullet again: {_INSTALL_AGAIN}"


def load_bodies(
    model: str, client: int, *, flags: int = 0, fixed_at: Mapping[str, Any] | None = None
) -> tuple[int, ...]:
    """Load a model file; return its bodies. Raises ModelFileError."""
    path = find_model(model)
    if not is_packaged(model) and path.suffix in ROOTS:
        check_model(path)
    try:
        if path.suffix == ".urdf":
            return (p.loadURDF(str(path), flags=flags, **(fixed_at or {}), physicsClientId=client),)
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
    indices = movable_joints(body, client)
    for name in robot.all_joints:
        if name not in indices:
            raise TaskDefinitionError(
                f"{robot.name}: joints: {robot.model} has no joint {name!r}{suggest(name, indices)}"
            )
    return {name: indices[name] for name in robot.all_joints}


def movable_joints(body: int, client: int) -> dict[str, int]:
    """Return PyBullet's index of each joint that turns or slides."""
    infos = [p.getJointInfo(body, i, physicsClientId=client) for i in range(p.getNumJoints(body, client))]
    return {info[1].decode(): info[0] for info in infos if info[2] in (p.JOINT_REVOLUTE, p.JOINT_PRISMATIC)}


def _link_names(body: int, client: int) -> tuple[str, ...]:
    base_name = p.getBodyInfo(body, physicsClientId=client)[0].decode()
    infos = [p.getJointInfo(body, i, physicsClientId=client) for i in range(p.getNumJoints(body, client))]
    return (base_name, *(info[12].decode() for info in infos))


def read_model(robot: RobotSpec, body: int, client: int) -> RobotModel:
    """Return names, limits, masses and friction. Raises TaskDefinitionError."""
    num_links = p.getNumJoints(body, client)
    infos = [p.getJointInfo(body, i, physicsClientId=client) for i in range(num_links)]
    dynamics = [p.getDynamicsInfo(body, i, physicsClientId=client) for i in range(-1, num_links)]
    joints = [infos[index] for index in joint_indices(robot, body, client).values()]
    return RobotModel(
        joint_names=robot.all_joints,
        link_names=_link_names(body, client),
        joint_lower=np.array([info[8] for info in joints]),
        joint_upper=np.array([info[9] for info in joints]),
        joint_effort_limit=np.array([info[10] for info in joints]),
        default_joint_position=np.array([robot.default_joint_position.get(n, 0.0) for n in robot.all_joints]),
        link_mass_kg=np.array([info[0] for info in dynamics]),
        link_friction=np.array([info[1] for info in dynamics]),
    )
