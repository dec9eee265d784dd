"""One PyBullet client with a ground, a robot and objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robots.bullet.client import p
from robots.bullet.drives import make_drive
from robots.bullet.dynamics import DynamicsSetter
from robots.bullet.loaded import LoadedRobot, MotorProperties
from robots.bullet.loading import (
    joint_indices,
    load_ground,
    load_object,
    load_robot,
    read_model,
    set_link_friction,
    set_physics,
)
from robots.bullet.reading import NO_TURN, StateReader
from robots.dynamics import own_dynamics
from robots.errors import RobotError
from robots.quiet import stdout_to_stderr
from robots.rotations import compose, inverse
from robots.scene import ObjectKind, View
from robots.spec import Substeps

if TYPE_CHECKING:
    from robots.spec import TaskSpec
    from robots.state import Reads, Start
    from robots.terrain import HeightField


class World:
    """Robots that share a world influence each other's contacts, so each environment has a world of its own."""

    def __init__(self, task: TaskSpec, *, reads: Reads, view: View, terrain: HeightField) -> None:
        """Load everything. Raises ModelFileError, TaskDefinitionError, and RobotError without a display."""
        if view is View.WINDOW:
            from robots.render import connect_window

            self.client = connect_window()
        else:
            self.client = p.connect(p.DIRECT)
        self._task = task
        self._reads = reads
        self._terrain = terrain
        self._view = view
        solver = task.solver
        self._num_calls = task.num_substeps if solver.substeps is Substeps.IN_CALLS else 1
        try:
            self.load()
        except RobotError:
            self.close()
            raise

    def load(self) -> None:
        """Empty the world and load everything anew; afterwards the past has no influence."""
        task, client = self._task, self.client
        p.resetSimulation(physicsClientId=client)
        set_physics(task, client)
        with stdout_to_stderr():
            self.ground = load_ground(task.ground, self._terrain, client) if task.ground else None
            self.robot = load_robot(task.robot, client, view=self._view)
        set_link_friction(task.robot, self.robot, client)
        self.model = read_model(task.robot, self.robot, client)
        joints = joint_indices(task.robot, self.robot, client)
        links = list(range(p.getNumJoints(self.robot, physicsClientId=client)))
        loaded = LoadedRobot(
            spec=task.robot,
            model=self.model,
            client=client,
            body=self.robot,
            joints=list(joints.values()),
            links=links,
        )
        self._joints = loaded.joints
        self._axes = task.robot.base_axes if task.robot.base_axes != NO_TURN else None
        self.objects = [load_object(spec, client) for spec in task.objects]
        pairs = zip(self.objects, task.objects, strict=True)
        self._movable = [body for body, spec in pairs if spec.kind is ObjectKind.FREE]
        if not task.robot.is_fixed:
            self._movable.append(self.robot)
        self._drive = make_drive(loaded)
        self._drive.begin(None)
        self._dynamics = None
        if task.randomizations:
            own = own_dynamics(task, self.model, num_rows=1)
            self._dynamics = DynamicsSetter(loaded, ground=self.ground, objects=self.objects, own=own)
        self._reader = StateReader(task, loaded, self._reads, ground=self.ground, objects=self.objects)
        self._loaded = p.saveState(physicsClientId=client)

    def begin(self, start: Start, row: int) -> None:
        """Restore the world as loaded, then place everything as in a row of `start`."""
        client, robot = self.client, self.robot
        p.restoreState(self._loaded, physicsClientId=client)
        if self._movable:
            self._forget_contacts()
        if not self._task.robot.is_fixed:
            position, quaternion = start.base_position_w[row], start.base_quaternion_w[row]
            if self._axes:
                quaternion = compose(quaternion, inverse(self._axes))
            p.resetBasePositionAndOrientation(robot, position, quaternion, physicsClientId=client)
            self.push(start, row)
        p.resetJointStatesMultiDof(
            robot,
            self._joints,
            start.joint_position[row, :, None].tolist(),
            start.joint_velocity[row, :, None].tolist(),
            physicsClientId=client,
        )
        for index in range(len(self.objects)):
            self.place_object(index, start, row)
        properties = None
        if self._dynamics:
            self._dynamics.apply(start.dynamics, row)
            of_start = start.dynamics
            properties = MotorProperties(
                strength=of_start.motor_strength[row],
                stiffness_scale=of_start.stiffness_scale[row],
                damping_scale=of_start.damping_scale[row],
            )
        self._drive.begin(properties)
        self._reader.begin()

    def push(self, start: Start, row: int) -> None:
        """Give the base the velocity in a row of `start`."""
        linear, angular = start.base_linear_velocity_w[row], start.base_angular_velocity_w[row]
        p.resetBaseVelocity(self.robot, linear, angular, physicsClientId=self.client)

    def push_joints(self, start: Start, row: int, joints: np.ndarray) -> None:
        """Give some joints, by their place in the state, the velocity in a row of `start`."""
        for joint in joints.tolist():
            position, velocity = start.joint_position[row, joint], start.joint_velocity[row, joint]
            p.resetJointState(self.robot, self._joints[joint], position, velocity, physicsClientId=self.client)

    def place_object(self, index: int, start: Start, row: int) -> None:
        """Put an object where a row of `start` has it."""
        p.resetBasePositionAndOrientation(
            self.objects[index],
            start.object_position_w[row, index],
            start.object_quaternion_w[row, index],
            physicsClientId=self.client,
        )

    def step(self, action: np.ndarray) -> None:
        """Drive the robot with an action (num_actions,) in [-1, 1] for one control step."""
        self._drive.step(action, self._num_calls)

    def read(self) -> list[float]:
        """Return what the engine knows, in the order of the columns of robots.state.State."""
        return self._reader.read(self._drive.efforts)

    def _forget_contacts(self) -> None:
        """Let bodies lose their old contact points, which restoreState keeps and the engine mixes with new ones."""
        for index, body in enumerate(self._movable):
            p.resetBasePositionAndOrientation(
                body, (0.0, 0.0, 100.0 + 10.0 * index), (0.0, 0.0, 0.0, 1.0), physicsClientId=self.client
            )
        p.performCollisionDetection(physicsClientId=self.client)

    def close(self) -> None:
        """Disconnect; may be called twice."""
        if self.client >= 0 and p.isConnected(self.client):
            with stdout_to_stderr():
                p.disconnect(self.client)
        self.client = -1
