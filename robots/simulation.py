"""The only module that drives PyBullet: loads models, sets starts, steps, fills the state.

Each environment has a world of its own in this process, because robots that share one world influence
each other's contacts. Knows nothing about rewards or episodes. Called by robots/mdp.py; robots/render.py
draws the worlds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from robots.errors import ModelFileError, RobotError, TaskDefinitionError, suggest
from robots.quiet import stdout_to_stderr
from robots.spec import EffortControl, PositionControl, Substeps
from robots.state import RobotModel, Start, State, state_width

if TYPE_CHECKING:
    from robots.spec import RobotSpec, TaskSpec

with stdout_to_stderr():
    import pybullet as p
    import pybullet_data


@dataclass(frozen=True, kw_only=True)
class Reads:
    """What costs an extra call per step, and is read only when a term needs it."""

    link_positions: bool = False
    link_contacts: bool = False


class Simulation:
    """`num_envs` worlds with one robot each, and their state."""

    def __init__(self, task: TaskSpec, *, num_envs: int, reads: Reads, gui: bool = False) -> None:
        """Load everything. Raises ModelFileError, TaskDefinitionError, and RobotError without a display."""
        self.task = task
        self.worlds = [World(task, reads=reads, gui=gui and index == 0) for index in range(num_envs)]
        self.model = self.worlds[0].model
        num_actions = len(task.robot.joints)
        flat = np.zeros((num_envs, state_width(self.model, num_actions=num_actions)))
        make_state = partial(State, model=self.model, control_dt_s=task.control_dt_s)
        self.state = make_state(flat)
        self.state.previous = make_state(flat.copy())
        self.state.start = make_state(flat.copy())

    def begin(self, indices: list[int], start: Start) -> None:
        """Put the environments `indices` at the rows of `start`."""
        state = self.state
        for row, index in enumerate(indices):
            self.worlds[index].begin(start, row)
            self._read(index)
        state.link_contact[indices] = 0.0
        state.joint_effort[indices] = 0.0
        state.action[indices] = 0.0
        state.previous.flat[indices] = state.flat[indices]
        state.start.flat[indices] = state.flat[indices]
        _forget_derived(state)

    def step(self, actions: np.ndarray) -> None:
        """Advance all environments by one control step; actions (num_envs, num_actions) in [-1, 1]."""
        state = self.state
        state.previous.flat[:] = state.flat
        state.action[:] = actions
        for index, action in enumerate(actions):
            self.worlds[index].step(action)
            self._read(index)
        _forget_derived(state)

    def rebuild(self) -> None:
        """Load every world anew, so that nothing of the past is left; `begin` must follow."""
        for world in self.worlds:
            world.load()

    def close(self) -> None:
        """Disconnect; may be called twice."""
        for world in self.worlds:
            world.close()

    def _read(self, index: int) -> None:
        row = self.worlds[index].read()
        self.state.flat[index, : len(row)] = row


def _forget_derived(state: State) -> None:
    for each in (state, state.previous, state.start):
        each.forget_derived()


class World:
    """One PyBullet client with a ground and a robot."""

    def __init__(self, task: TaskSpec, *, reads: Reads, gui: bool) -> None:
        if gui:
            from robots.render import connect_window

            self.client = connect_window()
        else:
            self.client = p.connect(p.DIRECT)
        self._task = task
        self._reads = reads
        try:
            self.load()
        except RobotError:
            self.close()
            raise

    def load(self) -> None:
        """Empty the world and load ground and robot; afterwards the past has no influence."""
        task, client = self._task, self.client
        p.resetSimulation(physicsClientId=client)
        _set_physics(task, client)
        with stdout_to_stderr():
            self.ground = _load_ground(task, client) if task.ground else None
            self.robot = _load_robot(task.robot, client)
        self.model = _read_model(task.robot, self.robot, client)
        joints = _joint_indices(task.robot, self.robot, client)
        self._joints = list(joints.values())
        self._links = list(range(p.getNumJoints(self.robot, physicsClientId=client)))
        self._disable_motors()
        self._driven = [joints[name] for name in task.robot.joints]
        self._loaded = p.saveState(physicsClientId=client)

    def begin(self, start: Start, row: int) -> None:
        """Restore the world as loaded, then place the robot as in a row of `start`."""
        client, robot = self.client, self.robot
        p.restoreState(self._loaded, physicsClientId=client)
        if not self._task.robot.is_fixed:
            position, quaternion = start.base_position_w[row], start.base_quaternion_w[row]
            p.resetBasePositionAndOrientation(robot, position, quaternion, physicsClientId=client)
            linear, angular = start.base_linear_velocity_w[row], start.base_angular_velocity_w[row]
            p.resetBaseVelocity(robot, linear, angular, physicsClientId=client)
        for joint, position, velocity in zip(
            self._joints, start.joint_position[row], start.joint_velocity[row], strict=True
        ):
            p.resetJointState(robot, joint, position, velocity, physicsClientId=client)
        self._disable_motors()  # motor targets survive restoreState (bullet3 issue 4364)

    def step(self, action: np.ndarray) -> None:
        """Drive the robot with an action (num_actions,) in [-1, 1] for one control step."""
        control, solver = self._task.robot.control, self._task.solver
        num_calls = self._task.num_substeps if solver.substeps is Substeps.IN_CALLS else 1
        if isinstance(control, PositionControl):
            self._step_to_position(control, action, num_calls)
        else:
            self._step_with_effort(control, action, num_calls)

    def read(self) -> list[float]:
        """Return the state in the order of the columns of robots.state.State, without the action."""
        client, robot = self.client, self.robot
        position, quaternion = p.getBasePositionAndOrientation(robot, physicsClientId=client)
        linear, angular = p.getBaseVelocity(robot, physicsClientId=client)
        joints = p.getJointStates(robot, self._joints, physicsClientId=client)
        row = [*position, *quaternion, *linear, *angular]
        row += [joint[0] for joint in joints]
        row += [joint[1] for joint in joints]
        row += self._efforts
        if self._reads.link_positions:
            row += position
            for link in p.getLinkStates(robot, self._links, physicsClientId=client):
                row += link[0]
        elif self._reads.link_contacts:
            row += [0.0] * (3 * len(self.model.link_names))
        if self._reads.link_contacts:
            row += self._ground_contacts()
        return row

    def close(self) -> None:
        """Disconnect; may be called twice."""
        if self.client >= 0 and p.isConnected(self.client):
            with stdout_to_stderr():
                p.disconnect(self.client)
        self.client = -1

    def _ground_contacts(self) -> list[float]:
        touching = [0.0] * len(self.model.link_names)
        for point in p.getContactPoints(self.robot, self.ground, physicsClientId=self.client):
            touching[point[3] + 1] = 1.0
        return touching

    def _disable_motors(self) -> None:
        # PyBullet gives each joint a velocity motor when it loads it, which acts as friction.
        zeros = [0.0] * len(self._links)
        p.setJointMotorControlArray(
            self.robot, self._links, p.VELOCITY_CONTROL, forces=zeros, physicsClientId=self.client
        )
        self._efforts = [0.0] * len(self._joints)

    def _step_with_effort(self, control: EffortControl, action: np.ndarray, num_calls: int) -> None:
        efforts = (action * control.effort).tolist()
        for _ in range(num_calls):
            self._apply(efforts)

    def _step_to_position(self, control: PositionControl, action: np.ndarray, num_calls: int) -> None:
        num_driven = len(self._driven)
        targets = self.model.default_joint_position[:num_driven] + control.action_scale_rad * action
        limits = self.model.joint_effort_limit[:num_driven].tolist()
        goals = list(zip(targets.tolist(), limits, strict=True))
        for _ in range(num_calls):
            joints = p.getJointStates(self.robot, self._driven, physicsClientId=self.client)
            efforts = [
                min(max(control.stiffness * (goal - joint[0]) - control.damping * joint[1], -limit), limit)
                for (goal, limit), joint in zip(goals, joints, strict=True)
            ]
            self._apply(efforts)

    def _apply(self, efforts: list[float]) -> None:
        p.setJointMotorControlArray(
            self.robot, self._driven, p.TORQUE_CONTROL, forces=efforts, physicsClientId=self.client
        )
        p.stepSimulation(physicsClientId=self.client)
        self._efforts = efforts + [0.0] * (len(self._joints) - len(efforts))


def _set_physics(task: TaskSpec, client: int) -> None:
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


def _load_ground(task: TaskSpec, client: int) -> int:
    assert task.ground is not None
    ground = _load_model(task.ground.model, client)
    p.changeDynamics(
        ground,
        -1,
        lateralFriction=task.ground.lateral_friction,
        restitution=task.ground.restitution,
        physicsClientId=client,
    )
    return ground


def _load_robot(robot: RobotSpec, client: int) -> int:
    flags = 0
    if robot.has_self_collision:
        flags = p.URDF_USE_SELF_COLLISION | p.URDF_USE_SELF_COLLISION_EXCLUDE_ALL_PARENTS
    return _load_model(robot.model, client, flags=flags, is_fixed=robot.is_fixed)


def _load_model(model: str, client: int, *, flags: int = 0, is_fixed: bool = False) -> int:
    path, remedy = Path(model), "correct the path"
    if path.parts[0] == "pybullet_data":
        path = Path(pybullet_data.getDataPath(), *path.parts[1:])
        remedy = "install PyBullet again: python -m pip install --force-reinstall pybullet"
    if not path.is_file():
        raise ModelFileError(f"{model}: no such file; looked at {path.resolve()}; {remedy}.")
    try:
        if path.suffix == ".urdf":
            return p.loadURDF(str(path), useFixedBase=is_fixed, flags=flags, physicsClientId=client)
        if path.suffix == ".sdf":
            return p.loadSDF(str(path), physicsClientId=client)[0]
        if path.suffix == ".xml":
            return p.loadMJCF(str(path), flags=flags, physicsClientId=client)[0]
    except p.error as err:
        raise ModelFileError(f"{model}: PyBullet cannot read it ({err}); check that it is valid XML") from err
    raise ModelFileError(f"{model}: unknown format {path.suffix!r}; allowed: .urdf, .xml (MJCF), .sdf")


def _joint_indices(robot: RobotSpec, body: int, client: int) -> dict[str, int]:
    indices = {}
    for index in range(p.getNumJoints(body, physicsClientId=client)):
        info = p.getJointInfo(body, index, physicsClientId=client)
        if info[2] in (p.JOINT_REVOLUTE, p.JOINT_PRISMATIC):
            indices[info[1].decode()] = index
    for name in robot.all_joints:
        if name not in indices:
            raise TaskDefinitionError(
                f"{robot.name}: joints: {robot.model} has no joint {name!r}{suggest(name, indices)}"
            )
    return {name: indices[name] for name in robot.all_joints}


def _read_model(robot: RobotSpec, body: int, client: int) -> RobotModel:
    base_name = p.getBodyInfo(body, physicsClientId=client)[0].decode()
    infos = [p.getJointInfo(body, i, physicsClientId=client) for i in range(p.getNumJoints(body, client))]
    joints = [infos[index] for index in _joint_indices(robot, body, client).values()]
    return RobotModel(
        joint_names=robot.all_joints,
        link_names=(base_name, *(info[12].decode() for info in infos)),
        joint_lower=np.array([info[8] for info in joints]),
        joint_upper=np.array([info[9] for info in joints]),
        joint_effort_limit=np.array([info[10] for info in joints]),
        default_joint_position=np.array([robot.default_joint_position.get(n, 0.0) for n in robot.all_joints]),
    )
