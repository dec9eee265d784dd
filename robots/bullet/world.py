"""One PyBullet client with a ground, a robot and objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robots.bullet.client import p
from robots.bullet.drives import LoadedRobot, MotorProperties, make_drive
from robots.bullet.dynamics import DynamicsSetter
from robots.bullet.lidar import LidarReader
from robots.bullet.loading import joint_indices, load_ground, load_object, load_robot, read_model, set_physics
from robots.errors import RobotError, TaskDefinitionError, suggest
from robots.quiet import stdout_to_stderr
from robots.scene import ObjectKind
from robots.spec import Substeps

if TYPE_CHECKING:
    from robots.spec import TaskSpec
    from robots.state import Reads, Start


class World:
    """Robots that share a world influence each other's contacts, so each environment has a world of its own."""

    def __init__(self, task: TaskSpec, *, reads: Reads, gui: bool) -> None:
        """Load everything. Raises ModelFileError, TaskDefinitionError, and RobotError without a display."""
        if gui:
            from robots.render import connect_window

            self.client = connect_window()
        else:
            self.client = p.connect(p.DIRECT)
        self._task = task
        self._reads = reads
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
            self.ground = load_ground(task, client) if task.ground else None
            self.robot = load_robot(task.robot, client)
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
        self._joints, self._links = loaded.joints, links
        self._frames = [self._link_index("frames", name) for name in self._reads.frames]
        self._base = self._link_index("base_link", task.robot.base_link) if task.robot.base_link else -1
        self.objects = [load_object(spec, client) for spec in task.objects]
        pairs = zip(self.objects, task.objects, strict=True)
        self._bodies = [body for body, spec in pairs if spec.kind is not ObjectKind.GHOST]
        self._drive = make_drive(loaded)
        self._drive.begin(None)
        self._dynamics = DynamicsSetter(task, loaded, self.ground) if task.randomizations else None
        lidar = task.robot.lidar
        self._lidar = LidarReader(lidar, robot=self.robot, client=client) if lidar else None
        self._loaded = p.saveState(physicsClientId=client)

    def begin(self, start: Start, row: int) -> None:
        """Restore the world as loaded, then place everything as in a row of `start`."""
        client, robot = self.client, self.robot
        p.restoreState(self._loaded, physicsClientId=client)
        if not self._task.robot.is_fixed:
            position, quaternion = start.base_position_w[row], start.base_quaternion_w[row]
            p.resetBasePositionAndOrientation(robot, position, quaternion, physicsClientId=client)
            self.push(start, row)
        for joint, position, velocity in zip(
            self._joints, start.joint_position[row], start.joint_velocity[row], strict=True
        ):
            p.resetJointState(robot, joint, position, velocity, physicsClientId=client)
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

    def push(self, start: Start, row: int) -> None:
        """Give the base the velocity in a row of `start`."""
        linear, angular = start.base_linear_velocity_w[row], start.base_angular_velocity_w[row]
        p.resetBaseVelocity(self.robot, linear, angular, physicsClientId=self.client)

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
        client, robot, reads = self.client, self.robot, self._reads
        position, quaternion, linear, angular = self._read_base()
        joints = p.getJointStates(robot, self._joints, physicsClientId=client)
        row = [*position, *quaternion, *linear, *angular]
        row += [joint[0] for joint in joints]
        row += [joint[1] for joint in joints]
        row += self._drive.efforts
        if reads.link_positions:
            row += p.getBasePositionAndOrientation(robot, physicsClientId=client)[0]
            for link in p.getLinkStates(robot, self._links, physicsClientId=client):
                row += link[0]
        if reads.link_contacts:
            row += self._contacts(self.ground)
        if reads.link_collisions:
            row += self._object_contacts()
        if self._frames:
            row += self._read_frames()
        if self._bodies:
            row += self._read_objects()
        if self._lidar:
            row += self._lidar.read(position, quaternion)
        return row

    def close(self) -> None:
        """Disconnect; may be called twice."""
        if self.client >= 0 and p.isConnected(self.client):
            with stdout_to_stderr():
                p.disconnect(self.client)
        self.client = -1

    def _read_base(self) -> tuple[tuple[float, ...], ...]:
        if self._base >= 0:
            state = p.getLinkState(self.robot, self._base, computeLinkVelocity=1, physicsClientId=self.client)
            return state[0], state[1], state[6], state[7]
        pose = p.getBasePositionAndOrientation(self.robot, physicsClientId=self.client)
        return (*pose, *p.getBaseVelocity(self.robot, physicsClientId=self.client))

    def _contacts(self, body: int | None) -> list[float]:
        touching = [0.0] * len(self.model.link_names)
        for point in p.getContactPoints(self.robot, body, physicsClientId=self.client):
            touching[point[3] + 1] = 1.0
        return touching

    def _object_contacts(self) -> list[float]:
        touching = [0.0] * len(self.model.link_names)
        for point in p.getContactPoints(self.robot, physicsClientId=self.client):
            if point[2] in self._bodies:
                touching[point[3] + 1] = 1.0
        return touching

    def _read_frames(self) -> list[float]:
        moving = [index for index in self._frames if index >= 0]
        states = p.getLinkStates(
            self.robot, moving, computeLinkVelocity=1, computeForwardKinematics=1, physicsClientId=self.client
        )
        found = {index: (state[4], state[5], state[6], state[7]) for index, state in zip(moving, states, strict=True)}
        if -1 in self._frames:
            pose = p.getBasePositionAndOrientation(self.robot, physicsClientId=self.client)
            found[-1] = (*pose, *p.getBaseVelocity(self.robot, physicsClientId=self.client))
        return [number for part in range(4) for index in self._frames for number in found[index][part]]

    def _read_objects(self) -> list[float]:
        client = self.client
        poses = [p.getBasePositionAndOrientation(body, physicsClientId=client) for body in self._bodies]
        speeds = [p.getBaseVelocity(body, physicsClientId=client) for body in self._bodies]
        states = [(*pose, *speed) for pose, speed in zip(poses, speeds, strict=True)]
        return [number for part in range(4) for state in states for number in state[part]]

    def _link_index(self, where: str, name: str) -> int:
        names = self.model.link_names
        if name not in names:
            raise TaskDefinitionError(f"{self._task.id}: {where}: the robot has no {name!r}{suggest(name, names)}")
        return names.index(name) - 1
